"""Landing, vintages, journals and releases: what a crash may and may not leave behind."""

from __future__ import annotations

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.errors import ConfigError, StorageError
from pipelines.http.classify import Media, Outcome, Verdict
from pipelines.http.client import Fetched, RequestSpec
from pipelines.landing import Landing, known_validators, read_log
from pipelines.landing_store import LocalLanding
from pipelines.storage import append_line, exclusive, read_lines, readable_os_errors, write_atomic
from pipelines.vintages import Manifest, PartState, TableFiles, VintageWriter, latest
from pipelines.vintages import history as manifest_history
from pipelines.warehouse import Release

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def fetched(folder: Path, body: bytes, media: Media = Media.JSON, etag: str = '"e"') -> Fetched:
    import hashlib

    path = folder / "x.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    spec = RequestSpec("src", "part", "https://a.example/f", (("q", "1"),), media)
    return Fetched(
        spec, Verdict(Outcome.OK), 200, {"etag": etag}, path, hashlib.sha256(body).hexdigest(),
        len(body), len(body), 1, NOW, NOW,
    )  # fmt: skip


@pytest.mark.parametrize("media", [Media.JSON, Media.ZIP])
def test_landed_bytes_are_read_only_deduplicated_and_unchanged(
    tmp_path: Path, media: Media
) -> None:
    landing = Landing(LocalLanding(tmp_path), run_id="r1", realm="official", profile="live")
    first = landing.land(fetched(landing.work_dir, b"hello " * 100, media))
    inode = first.path.stat().st_ino
    again = landing.land(fetched(landing.work_dir, b"hello " * 100, media))
    assert again.path == first.path and again.path.stat().st_ino == inode
    assert first.read() == b"hello " * 100
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o444
    assert first.path.parent.name == first.sha256[:2]
    assert not list(landing.work_dir.glob("*"))


def test_request_log_survives_a_killed_run_and_knows_the_newest_validators(tmp_path: Path) -> None:
    killed = Landing(LocalLanding(tmp_path), run_id="r1", realm="official", profile="live")
    one = fetched(killed.work_dir, b"1", etag='"old"')
    killed.land(one)
    killed.log(one, licence_id="L")
    (tmp_path / "log" / "r1.jsonl").open("ab").write(b'{"torn": ')  # killed in mid line
    later = Landing(LocalLanding(tmp_path), run_id="r2", realm="official", profile="live")
    later.close_log()
    assert not list((tmp_path / "log").glob("*.jsonl"))
    two = fetched(later.work_dir, b"2", etag='"new"')
    later.land(two)
    later.log(two, licence_id="L")
    log = read_log(LocalLanding(tmp_path))
    assert log["run_id"].to_list() == ["r1", "r2"]
    ((sha, validators, _),) = known_validators(log, "official").values()
    assert (sha, validators.etag) == (two.sha256, '"new"')
    assert known_validators(log, "synthetic") == {}


def part_state(vintage: str, files: tuple[str, ...]) -> PartState:
    tables = {"t": TableFiles(files, (), 1, 1, 0)}
    return PartState(
        "src", "p", vintage, "v", None, NOW.isoformat(), ("u",), ("s",), "c", "1", tables
    )


def test_a_vintage_is_in_service_only_after_its_rename(tmp_path: Path) -> None:
    raw, held = tmp_path / "raw", tmp_path / "quarantine"
    for vintage in ("20260101T000000Z", "20260201T000000Z"):
        writer = VintageWriter(raw, held, "official", "src", vintage)
        path = writer.write("t", "p", 0, pl.DataFrame({"a": [1]}))
        before = latest(raw, "official", "src")
        assert vintage != before.vintage
        state = part_state(vintage, (str(path),))
        writer.commit(Manifest("src", "official", vintage, {"p": state}))
        now = latest(raw, "official", "src")
        assert now.parts["p"] == state
        assert pl.read_parquet(raw / now.files("t")[0])["a"].to_list() == [1]
    assert len(manifest_history(raw, "official", "src")) == 2
    assert latest(raw, "synthetic", "src").parts == {}


def test_what_a_killed_promotion_left_is_swept(tmp_path: Path) -> None:
    writer = VintageWriter(tmp_path, tmp_path / "q", "official", "src", "20260101T000000Z")
    writer.write("t", "p", 0, pl.DataFrame({"a": [1]}))
    assert latest(tmp_path, "official", "src").vintage == ""
    VintageWriter(tmp_path, tmp_path / "q", "official", "src", "20260102T000000Z")
    assert not list((tmp_path / "official" / "src").glob(".staging-*"))


def test_torn_last_line_is_dropped_and_not_glued_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    append_line(path, {"n": 1})
    with path.open("ab") as sink:
        sink.write(b'{"n": 2')
    append_line(path, {"n": 3})
    assert [line["n"] for line in read_lines(path)] == [1, 3]


def test_atomic_write_leaves_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    write_atomic(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"the disk is full.*CLUSTERKPI_HOME"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_missing_permission_is_a_configuration_error() -> None:
    with (
        pytest.raises(ConfigError, match=r"cannot write /x/y: Permission denied"),
        readable_os_errors(Path("/x/y")),
    ):
        raise PermissionError(errno.EACCES, "Permission denied", "/x/y")


def test_only_one_run_at_a_time(tmp_path: Path) -> None:
    running = pytest.raises(ConfigError, match="another refresh is running")
    with exclusive(tmp_path), running, exclusive(tmp_path):
        pytest.fail("two runs hold the lock")
    with exclusive(tmp_path):
        assert (tmp_path / ".lock").exists()


FACT = (
    "create schema marts; create table marts.fct_indicator_value (indicator_id varchar, "
    "geo_id varchar, cluster_id varchar, period varchar, basis varchar, value double, "
    "value_lower double, value_upper double, obs_status varchar, source_ids varchar[], "
    "method_version varchar)"
)


def release_file(folder: Path, name: str, cells: dict[str, tuple[float | None, str]]) -> Path:
    path = folder / f"release_{name}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute(FACT)
        for geo, (value, status) in cells.items():
            con.execute(
                "insert into marts.fct_indicator_value values "
                "('i', ?, 'all', '2020', 'b', ?, null, null, ?, ['s'], '1')",
                [geo, value, status],
            )
    return path


def release(name: str) -> Release:
    return Release(name, NOW.isoformat(), "live", "official", name, 1, 0, 0, 0)


def test_recovery_finishes_a_journalled_release_and_forgets_an_unjournalled_one(
    tmp_path: Path,
) -> None:
    published = tmp_path / "published"
    for name in ("20260101T000000Z_a", "20260102T000000Z_b", "20260103T000000Z_c"):
        release_file(published, name, {"A": (1.0, "A")})
    warehouse.record_and_point(tmp_path, release("20260101T000000Z_a"))
    journal = {"event": "publish", **vars(release("20260102T000000Z_b"))}
    append_line(published / "releases.jsonl", journal)  # killed before the symlink moved
    assert warehouse.current_path(tmp_path).name == "release_20260101T000000Z_a.duckdb"
    warehouse.recover(tmp_path)
    assert warehouse.current_path(tmp_path).name == "release_20260102T000000Z_b.duckdb"
    assert not (published / "release_20260103T000000Z_c.duckdb").exists()


def test_rollback_survives_recovery_and_retention_spares_the_release_in_service(
    tmp_path: Path,
) -> None:
    names = [f"2026010{n}T000000Z_x" for n in range(1, 5)]
    for name in names:
        release_file(tmp_path / "published", name, {"A": (1.0, "A")})
        warehouse.record_and_point(tmp_path, release(name))
    assert warehouse.rollback(tmp_path) == names[2]
    assert warehouse.rollback(tmp_path, names[0]) == names[0]
    warehouse.recover(tmp_path)
    assert warehouse.current_path(tmp_path).stem == f"release_{names[0]}"
    assert warehouse.apply_retention(tmp_path, 2) == [names[1]]
    assert warehouse.current_path(tmp_path).exists()
    with pytest.raises(ConfigError, match="there is no release before"):
        warehouse.rollback(tmp_path)
    with pytest.raises(ConfigError, match="is kept"):
        warehouse.rollback(tmp_path, "nonsense")
