"""Shared by all tests: the real figures' folder, one built release a session, a small recording.

Nothing here, and no test, contacts anything but loopback: the guard below refuses the rest.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml

PROJECT_ROOT = Path(__file__).resolve().parents[1]


# Long files first, so that at the end no worker waits for one of them; and those that share the
# demo's release apart from those that share the official one, so that both are built at once.
FIRST = ("real", "integration", "browser", "dashboards", "unit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> int:
        folder = item.path.relative_to(PROJECT_ROOT / "tests").parts[0]
        return FIRST.index(folder) if folder in FIRST else len(FIRST)

    items.sort(key=turn)


def shared_data() -> Path | None:
    """The folder with official figures, if this machine has it."""
    given = os.environ.get("CLUSTERKPI_SHARED_DATA")
    folder = Path(given) if given else PROJECT_ROOT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The official figures; skips, saying so, where they are absent."""
    folder = shared_data()
    if folder is None:
        pytest.skip("no official figures: set CLUSTERKPI_SHARED_DATA or put them in ../shared/data")
    return folder


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's shell reaches a test; state goes to a temporary folder."""
    for name in list(os.environ):
        if name.startswith("CLUSTERKPI_") and name not in (
            "CLUSTERKPI_SHARED_DATA",
            "CLUSTERKPI_REQUIRE_BROWSER",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLUSTERKPI_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest leaves its page behind as `__main__`; a spawned process would then run that page."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """Refuse connections that leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "unix"
        if host not in ("127.0.0.1", "::1", "localhost", "unix"):
            raise AssertionError(f"a test tried to reach {address}")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@contextmanager
def aws_environment(server: Any) -> Iterator[None]:
    """The variables under which a server is found, and none of the developer's shell."""
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    for name in before:
        del os.environ[name]
    os.environ.update(server.environment())
    yield
    for name in server.environment():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture
def object_server() -> Iterator[Any]:
    """An S3-compatible server on loopback, found through the environment."""
    from tests.objects import ObjectServer

    server = ObjectServer()
    server.start()
    with aws_environment(server):
        yield server
    server.stop()


@contextmanager
def once_per_session(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder that all workers share; the first one to come fills it while the others wait."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
        folder.mkdir(exist_ok=True)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory after one demo refresh. Shared: read it, never write to it."""
    with once_per_session(tmp_path_factory, "demo_home") as home:
        if not home.exists():
            from pipelines import steps
            from pipelines.settings import Settings

            settings = Settings(home=home, profile="demo", unit_tests=True)
            report = steps.refresh(settings, say=lambda _line: None)
            assert report.exit_code == 0 and report.release is not None, report.run.troubled
    return home


@pytest.fixture(scope="session")
def small_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file per answer of the demo's publishers, and `index.yml` over them.

    Small: two years of county data. Copy it before you change a file.
    """
    with once_per_session(tmp_path_factory, "small_recording") as folder:
        if not folder.exists():
            record_demo(folder, {"cbp_first_year": 2019, "cbp_last_year": 2020})
    return folder


def record_demo(folder: Path, overrides: dict[str, Any], vintage: int = 2) -> None:
    """Ask the demo's publishers everything that the sources plan and write the answers down."""
    from pipelines.demo import DemoTransport
    from pipelines.http.classify import Outcome
    from pipelines.http.client import Client
    from pipelines.landing import Landing
    from pipelines.landing_store import LocalLanding
    from pipelines.settings import Settings
    from pipelines.sources.base import Answer, discover

    settings = Settings(**overrides)
    work = folder.with_name(f"{folder.name}_work")
    landing = Landing(LocalLanding(work), run_id="r", realm="synthetic", profile="demo")
    transport = DemoTransport(vintage=vintage, today=settings.plan_date)
    client = Client(transport, landing.work_dir, polite=False)
    folder.mkdir()
    entries: list[dict[str, Any]] = []

    def keep(fetched: Any) -> None:
        url = fetched.spec.public_url
        if fetched.outcome is Outcome.NOT_YET_PUBLISHED:
            entries.append({"url": url, "body": "status", "status": 404})
            return
        assert fetched.outcome is Outcome.OK, fetched.verdict
        name = f"{len(entries):03d}_{fetched.spec.part}"
        shutil.copy(fetched.path, folder / name)
        entries.append({"url": url, "body": "file", "file": name})

    for source in discover().values():
        signal = source.signal(settings)
        if signal is not None:
            keep(client.fetch(signal))
        for part in source.parts(settings):
            answers: list[Answer] = []
            while (spec := source.next_request(part, answers, settings)) is not None:
                fetched = client.fetch(spec)
                keep(fetched)
                landed = landing.land(fetched) if fetched.outcome is Outcome.OK else None
                answers.append(Answer(spec, fetched.outcome, landed))
    index = {
        "version": 1,
        "description": "Synthetic answers of the demo, for tests.",
        "settings": {"today": settings.plan_date.isoformat(), **overrides},
        "entries": entries,
    }
    (folder / "index.yml").write_text(yaml.safe_dump(index, sort_keys=False))
    shutil.rmtree(work)


class NoNetwork(httpx.BaseTransport):
    """What the live profile meets on a machine without a network."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)


Cli = Callable[..., tuple[int, str]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run the command line in process: `cli("status", "--json")` → (exit code, both outputs)."""
    from pipelines.cli import main

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["clusterkpi", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run
