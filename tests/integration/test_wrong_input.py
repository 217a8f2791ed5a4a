"""Wrong input of every kind: the message says what, where and what to do; the last good release
stays in service; the exit code is the documented one."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
import yaml

from pipelines import steps, warehouse
from pipelines.settings import Settings
from tests.conftest import Cli, NoNetwork, once_per_session


@pytest.fixture(scope="module")
def good_home(tmp_path_factory: pytest.TempPathFactory, small_recording: Path) -> Path:
    """A state directory after one good night over the small recording."""
    with once_per_session(tmp_path_factory, "good_home") as home:
        if not home.exists():
            settings = Settings(home=home, profile=f"replay:{small_recording / 'index.yml'}")
            report = steps.refresh(settings, say=lambda _line: None)
            assert report.release is not None and report.exit_code == 0, report.run.troubled
    return home


class Night:
    """A copy of the good state and of its recording, to spoil one thing in."""

    def __init__(self, folder: Path, good_home: Path, recording: Path) -> None:
        self.home = folder / "home"
        shutil.copytree(good_home, self.home, symlinks=True)
        self.recording = folder / "recording"
        shutil.copytree(recording, self.recording)
        self.before = self.state()

    def state(self) -> tuple[str, int]:
        with warehouse.open_published(self.home) as con:
            row = con.execute(
                "select (select release_id from meta.release), count(*) "
                "from marts.fct_indicator_value"
            ).fetchall()[0]
        return row

    def file(self, fragment: str) -> Path:
        """The recorded answer to the address that contains `fragment`."""
        index = yaml.safe_load((self.recording / "index.yml").read_text())
        (entry,) = [e for e in index["entries"] if fragment in e["url"] and "file" in e]
        return self.recording / entry["file"]

    def refresh(self, cli: Cli, *more: str) -> tuple[int, str]:
        return cli(
            "refresh",
            "--profile",
            f"replay:{self.recording / 'index.yml'}",
            "--home",
            str(self.home),
            *more,
        )


@pytest.fixture
def night(tmp_path: Path, good_home: Path, small_recording: Path) -> Night:
    return Night(tmp_path, good_home, small_recording)


def test_nothing_new_parses_and_publishes_nothing(night: Night, cli: Cli) -> None:
    raw_before = sorted(night.home.glob("raw/**/*"))
    code, text = night.refresh(cli)
    assert code == 0 and "Nothing was published: nothing new since release" in text
    assert "promoted" not in text
    assert sorted(night.home.glob("raw/**/*")) == raw_before
    assert night.state() == night.before


def test_html_instead_of_data(night: Night, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERKPI_RETRY_WAIT_INITIAL_SECONDS", "0")
    night.file("_st.csv").write_bytes(b"<!DOCTYPE html><html><body>Scheduled maintenance</body>")
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "bds" in text and "blocked" in text and "HTML page came instead of data" in text
    assert "look at the address in a browser" in text


def test_truncated_zip(night: Night, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERKPI_RETRY_WAIT_INITIAL_SECONDS", "0")
    path = night.file("cbp20co.zip")
    path.write_bytes(path.read_bytes()[:20_000])
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "cbp20co.zip is no whole zip archive" in text and "fetched again next night" in text


def test_renamed_column(night: Night, cli: Cli) -> None:
    path = night.file("_st.csv")
    path.write_bytes(path.read_bytes().replace(b"estabs_entry,", b"entries,", 1))
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "column 'estabs_entry' is missing" in text and "entries" in text
    assert "change `source_name`" in text


def test_text_in_a_number_goes_to_quarantine_and_the_rest_is_published(
    night: Night, cli: Cli
) -> None:
    path = night.file("_st.csv")
    lines = path.read_text().splitlines()
    cells = lines[3].split(",")
    cells[3] = "sixty"
    path.write_text("\n".join([*lines[:3], ",".join(cells), *lines[4:]]) + "\n")
    code, text = night.refresh(cli)
    assert code == 0 and "Published" in text
    with warehouse.open_published(night.home) as con:
        held = con.sql(
            "select rows_count, reason, first_row_no from meta.quarantine_summary "
            "where snapshot_id like 'bds/%' and reason like '%sixty%'"
        ).fetchall()
        account = con.execute(
            "select bool_and(rows_landed = rows_promoted + rows_quarantined) "
            "from meta.source_snapshot"
        ).fetchall()[0]
    assert [(n, row) for n, _, row in held] == [(1, 3)]
    assert "'sixty', which is no integer" in held[0][1]
    assert account == (True,)


def test_too_many_bad_rows_hold_the_delivery_back(night: Night, cli: Cli) -> None:
    path = night.file("_st.csv")
    lines = path.read_text().splitlines()
    spoiled = [line.replace(",", ",x", 2) for line in lines[1:]]
    path.write_text("\n".join([lines[0], *spoiled]) + "\n")
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "break the contract" in text and "CLUSTERKPI_MAX_QUARANTINE_SHARE" in text


def test_vanished_rows_hold_the_delivery_back(night: Night, cli: Cli) -> None:
    path = night.file("_st.csv")
    head, *rows = path.read_text().splitlines()
    state = head.split(",").index("st")
    kept = [row for row in rows if int(row.split(",")[state]) < 30]  # states as a whole are gone
    assert 0 < len(kept) < 0.7 * len(rows)
    path.write_text("\n".join([head, *kept]) + "\n")
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "CLUSTERKPI_MAX_ROW_CHANGE_SHARE" in text


def test_no_network(night: Night, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx2

    from pipelines.http import client

    monkeypatch.setattr(client, "DEFAULT_INTERVAL_SECONDS", 0)
    monkeypatch.setattr(client, "HOST_INTERVAL_SECONDS", {})
    monkeypatch.setenv("CLUSTERKPI_RETRY_WAIT_INITIAL_SECONDS", "0")
    monkeypatch.setenv("CLUSTERKPI_REQUEST_ATTEMPTS", "2")
    monkeypatch.setattr(httpx2, "HTTPTransport", lambda **_options: NoNetwork())
    code, text = cli("refresh", "--profile", "live", "--home", str(night.home))
    assert code == 1 and night.state() == night.before
    assert "ConnectError" in text and "check the network" in text
    code, text = cli("refresh", "--profile", "live", "--home", str(night.home / "fresh"))
    assert code == 1 and "nothing to publish" in text


def test_unrecorded_address(night: Night, cli: Cli) -> None:
    index = night.recording / "index.yml"
    record = yaml.safe_load(index.read_text())
    record["entries"] = [e for e in record["entries"] if "cbp20co" not in e["url"]]
    index.write_text(yaml.safe_dump(record))
    code, text = night.refresh(cli)
    assert code == 1 and night.state() == night.before
    assert "cbp20co.zip" in text and "index.yml" in text


def test_unknown_profile_and_missing_index(night: Night, cli: Cli, tmp_path: Path) -> None:
    code, text = cli("refresh", "--profile", "lvie", "--home", str(night.home))
    assert code == 2 and "no profile 'lvie'; there are `demo`, `live` and `replay" in text
    code, text = cli("refresh", "--profile", f"replay:{tmp_path}/none.yml")
    assert code == 2 and "none.yml is no file" in text


def test_bad_setting_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERKPI_KEEP_RELEASES", "many")
    code, text = cli("refresh")
    assert code == 2 and "CLUSTERKPI_KEEP_RELEASES" in text and "'many'" in text


def test_demo_does_not_replace_official_figures(night: Night, cli: Cli) -> None:
    code, text = cli("refresh", "--profile", "demo", "--home", str(night.home))
    assert code == 2 and "would replace them with synthetic ones" in text
    assert night.state() == night.before


def test_full_disk(night: Night, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    path = night.file("_st.csv")
    path.write_bytes(path.read_bytes() + b"\n")  # other bytes: they have to be landed
    replace = os.replace

    def full(source: str, target: str) -> None:
        if "/landing/bds/" in str(target):
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        code, text = night.refresh(cli)
    assert code == 1 and "the disk is full" in text and "CLUSTERKPI_HOME" in text
    assert night.state() == night.before
    code, text = night.refresh(cli)
    assert code == 0


def test_no_permission(night: Night, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    # root may write anywhere: a file where the folder should be is refused to everybody
    shutil.rmtree(night.home / "landing")
    (night.home / "landing").write_text("in the way")
    code, text = night.refresh(cli)
    assert code == 2 and str(night.home / "landing") in text
    assert "write access" in text and night.state() == night.before


def test_query_and_status_read_the_published_file(night: Night, cli: Cli) -> None:
    code, text = cli(
        "query",
        "select count(*) as n from marts.dim_geo where is_apec",
        "--format",
        "json",
        "--home",
        str(night.home),
    )
    assert code == 0 and text.strip() == '[{"n": 21}]'
    code, text = cli("query", "drop table marts.dim_geo", "--home", str(night.home))
    assert code == 2 and "read-only" in text
    code, text = cli("query", "select nonsense", "--home", str(night.home))
    assert code == 2 and "nonsense" in text
    code, text = cli("status", "--home", str(night.home))
    assert code == 0 and night.before[0] in text and "bds" in text
    code, text = cli("status", "--home", str(night.home / "empty"))
    assert code == 2 and "make refresh" in text
