"""Nights over a landing in an object store: several homes, one landing, and a store that dies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from pipelines import rebuild, rederive, steps, vintages, warehouse
from pipelines.errors import StorageError
from pipelines.ingest import Step
from pipelines.landing import read_log
from pipelines.landing_store import LocalLanding, copy_all, open_landing
from pipelines.settings import Settings
from tests.conftest import Cli, aws_environment
from tests.objects import SECRET, ObjectServer

FEW = ("bds", "bfs", "uis", "wdi")  # one file, pages, a signal of the source and of the part


def silent(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectServer]:
    running = ObjectServer()
    running.start()
    with aws_environment(running):
        yield running
    running.stop()


@pytest.fixture(scope="module")
def first(server: ObjectServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home after one night over the store. Shared: read it, never write to it."""
    landing = f"s3://{server.new_bucket()}/shared"
    home = tmp_path_factory.mktemp("first")
    settings = Settings(home=home, profile="demo", landing=landing)
    report = steps.refresh(settings, only=FEW, say=silent)
    assert report.exit_code == 0 and report.release is not None
    return settings


def ingested(settings: Settings, only: tuple[str, ...] = FEW) -> steps.Run:
    with steps.open_run(settings, only=only, say=silent) as run:
        for source in only:
            steps.ingest_source(run, source)
    return run


def in_service(settings: Settings) -> dict[str, tuple[str, str, int, int, int]]:
    return {
        f"{source}/{part}": (
            state.snapshot_id,
            state.canonical_sha256,
            state.landed,
            state.promoted,
            state.quarantined,
        )
        for source in FEW
        for part, state in vintages.latest(settings.raw_dir, settings.realm, source).parts.items()
    }


def asked(settings: Settings, run: steps.Run | None) -> list[tuple[str, str, str, int]]:
    """Source, part, outcome and bytes of the requests of one run, or of all."""
    log = read_log(open_landing(settings))
    if run is not None and run.night is not None:
        log = log.filter(pl.col("run_id") == run.night.vintage)
    return log.select("source", "part", "outcome", "entity_bytes").rows()


def test_nothing_of_the_landing_stays_in_the_home(first: Settings) -> None:
    store = open_landing(first)
    for folder in (*FEW, "vintages", "log"):
        assert store.names(folder), folder
    kept = {path.relative_to(first.landing_dir).parts[0] for path in first.landing_dir.rglob("*")}
    assert kept <= {"copies", "bytes", "log", "partial"}
    assert not [path for path in first.landing_dir.rglob("*") if path.suffix == ".jsonl"]
    assert [event["event"] for event in store.events()][:2] == ["run", "publish"]
    for path in first.home.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET.encode() not in path.read_bytes(), path


def test_a_second_home_promotes_without_fetching_again(first: Settings, tmp_path: Path) -> None:
    second = first.model_copy(update={"home": tmp_path / "second"})
    run = ingested(second)
    assert in_service(second) == in_service(first) and in_service(second)
    steps_taken = {part.step for report in run.reports.values() for part in report.parts}
    assert Step.PROMOTED in steps_taken
    assert steps_taken <= {Step.PROMOTED, Step.NOT_YET_PUBLISHED}
    for report in run.reports.values():
        for part in report.of(Step.PROMOTED):
            assert "landed by another worker" in part.detail
            assert part.landed == part.promoted + part.quarantined > 0
    again = ingested(second)  # and now it has them: nothing is taken twice
    assert not any(report.of(Step.PROMOTED) for report in again.reports.values())
    # What a night with nothing new asks, and a list of which the version is not its signal: that
    # this signal was seen with these figures is known to a home alone.
    more = set(asked(second, run)) - set(asked(second, again))
    assert {(source, part) for source, part, *_ in more} == {("wdi", "economies")}
    brought = [size for *_, outcome, size in asked(second, run) if outcome == "ok"]
    assert sum(brought) < 50_000 < 1_000_000 < sum(size or 0 for *_, size in asked(first, None))
    back = ingested(first)  # nor does the second one's manifest say anything to the first
    assert not any(report.of(Step.PROMOTED) for report in back.reports.values())


def test_a_third_home_is_rebuilt_from_the_store_alone(
    first: Settings, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = Settings(home=tmp_path / "third", landing=first.landing, profile="live")
    done = rebuild.rebuild(third, say=silent)
    before = warehouse.releases(first.home)[-1]
    assert done.same and done.release.fact_hash == before.fact_hash
    monkeypatch.setenv("CLUSTERKPI_LANDING", first.landing)
    with warehouse.open_published(third.home) as con:
        cells = rederive.sample(con, 20, 1)
        cells = cells.filter(pl.col("indicator_id") == cells["indicator_id"][0])
        found = rederive.verify(third, con, cells)
    assert found.holds and found.cells == cells.height and found.replies > 0
    cell = cells.filter(cells["source_ids"].list.len() > 0).row(0, named=True)
    words = ["--geo", cell["geo_id"], "--period", cell["period"], "--basis", cell["basis"]]
    code, text = cli(
        "explain", cell["indicator_id"], *words, "--cluster", cell["cluster_id"], "--json",
        "--home", str(third.home),
    )  # fmt: skip
    assert code == 0, text
    files = [file for s in json.loads(text)["snapshots"] for file in s["landed_files"]]
    assert files and all(file.startswith(f"{first.landing}/") for file in files)
    code, text = cli("doctor", "--profile", "demo", "--home", str(third.home))
    assert f"{first.landing}: an object store, it answers" in text


@pytest.mark.parametrize("name", ["/uis/", "/vintages/"])
def test_a_store_that_dies_midway(
    first: Settings,
    object_server: ObjectServer,
    tmp_path: Path,
    name: str,
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It dies before the first payload or manifest; the next night has everything, once."""
    settings = serving(first, tmp_path / "home", object_server)
    monkeypatch.setenv("CLUSTERKPI_LANDING", settings.landing)
    before = warehouse.current_path(settings.home).resolve()
    object_server.dies_before = lambda request: request.startswith("PUT") and name in request
    code, text = cli("refresh", "--profile", "demo", "--only", "uis", "--home", str(settings.home))
    assert code == 1
    assert "the object store cannot be used" in text and settings.landing in text
    assert "The last published release stays in service" in text
    assert SECRET not in text
    assert warehouse.current_path(settings.home).resolve() == before
    whole_after_the_next_night(settings, object_server)


def test_a_store_that_dies_before_the_log(
    first: Settings, object_server: ObjectServer, tmp_path: Path
) -> None:
    settings = serving(first, tmp_path / "home", object_server)
    object_server.dies_before = lambda request: request.startswith("PUT") and "/log/" in request
    with pytest.raises(StorageError, match="cannot be used"):
        ingested(settings, ("uis",))
    whole_after_the_next_night(settings, object_server)


def serving(first: Settings, home: Path, server: ObjectServer) -> Settings:
    """A home that serves a release and has a store of its own."""
    (home / "published").mkdir(parents=True)
    for path in first.published_dir.iterdir():
        if not path.is_dir():
            (home / "published" / path.name).symlink_to(path.resolve())
    return Settings(home=home, profile="demo", landing=f"s3://{server.new_bucket()}/shared")


def whole_after_the_next_night(settings: Settings, server: ObjectServer) -> None:
    server.dies_before = lambda _request: False
    server.start(same_port=True)
    parts = ingested(settings, ("uis",)).reports["uis"].parts
    assert {part.step for part in parts} <= {Step.PROMOTED, Step.UNCHANGED}
    store = open_landing(settings)
    manifest = vintages.landed_history(store, "synthetic", "uis")[-1]
    for state in manifest.parts.values():
        rederive.check(rederive.landed(store, "uis", state), state.snapshot_id)
    states = vintages.latest(settings.raw_dir, "synthetic", "uis").parts
    assert set(states) == set(manifest.parts) == {part.part for part in parts}
    for state in states.values():
        assert state.landed == state.promoted + state.quarantined > 0
    assert read_log(store)["run_id"].n_unique() == 2  # the night that failed is told of as well
    assert not list((settings.landing_dir / "log").glob("*.jsonl"))


def test_a_local_home_moves_into_the_store(
    demo_home: Path, object_server: ObjectServer, tmp_path: Path
) -> None:
    """Until its bytes are pushed the store is not told of them; then it is, under the same ids."""
    home = tmp_path / "home"
    for folder in ("raw/synthetic/uis", "landing/uis", "landing/vintages/synthetic/uis"):
        shutil.copytree(demo_home / folder, home / folder)
    settings = Settings(home=home, profile="demo", landing=f"s3://{object_server.new_bucket()}")
    lines: list[str] = []
    with steps.open_run(settings, only=("uis",), say=lines.append) as run:
        steps.ingest_source(run, "uis")
    store = open_landing(settings)
    assert any("`clusterkpi landing push`" in line for line in lines)
    assert store.names("vintages") == []
    copy_all(LocalLanding(home / "landing"), store)
    lines.clear()
    with steps.open_run(settings, only=("uis",), say=lines.append) as run:
        steps.ingest_source(run, "uis")
    assert not lines and len(store.names("vintages")) == 1
