"""Ten releases of the demo's figures, with changes of data, methods and definitions: each of them
is told again from the newest, to the bit, and from the history alone."""

from __future__ import annotations

import itertools
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import diff, history, timeline, warehouse
from pipelines.history import COLUMNS, FACT, KEY
from pipelines.settings import Settings
from tests import evolving

ONE_IN = 25


@pytest.fixture(scope="module")
def home(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten releases; every cell's own file is kept."""
    folder = tmp_path_factory.mktemp("evolving")
    first = warehouse.current_path(demo_home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLUSTERKPI_REVISION_SHARE", "50")  # the whole log in every file
        evolving.begin(first, folder, ONE_IN)
        for number, changes in enumerate(evolving.NIGHTS, start=2):
            evolving.move_on(folder, number, changes, first)
    return folder


def differing(con: duckdb.DuckDBPyConnection, one: str, other: str) -> int:
    columns = ", ".join((*KEY, *COLUMNS))
    ours, theirs = (f"(select {columns} from {name})" for name in (one, other))
    rows = con.sql(
        f"select count(*) from (({ours} except all {theirs}) union all "
        f"({theirs} except all {ours}))"
    ).fetchall()
    return int(rows[0][0])


def test_as_of_each_release_is_that_releases_own_file(home: Path) -> None:
    told = warehouse.releases(home)
    assert len(told) == 10 and told[0].cells > 10_000
    moved = [r.added + r.changed + r.status + r.terms + r.rounding + r.dropped for r in told[1:]]
    assert all(count > 10 for count in moved), moved
    settings = Settings(home=home, profile="demo")
    newest = warehouse.current_path(home)
    with duckdb.connect(str(newest), read_only=True) as con:
        for number, release in enumerate(told, start=1):
            own = home / "published" / f"release_{release.release_id}.duckdb"
            con.execute(f"attach '{own}' as own (read_only)")
            name, day = release.release_id, f"2026-01-{number + 1:02d}"
            con.execute(f"create or replace temp table told as from marts.as_of('{name}')")
            assert differing(con, "told", f"own.{FACT}") == 0, name
            assert history.fact_hash(con, "told") == release.fact_hash
            seqs = con.sql(f"select meta.seq_at('{day}'), meta.seq_at('{name}')").fetchall()
            assert seqs == [(number, number)], "the end of a day is the release served then"
            con.execute("detach own")
    for release in (told[0], told[4]):
        own = home / "published" / f"release_{release.release_id}.duckdb"
        with timeline.open_as_of(settings, release.release_id, from_files=False) as (con, _):
            con.execute(f"attach '{own}' as own (read_only)")
            assert differing(con, FACT, f"own.{FACT}") == 0


def test_reasons_of_the_ten_nights(home: Path) -> None:
    told = warehouse.releases(home)
    settings = Settings(home=home, profile="demo")
    reasons = []
    for old, new in itertools.pairwise(told):
        found = diff.between(settings, old.release_id, new.release_id)
        by_kind = found.cells.filter(pl.col("change") != "rounding")
        reasons.append(sorted(by_kind["reason"].unique().to_list()))
        counts = dict(found.cells.group_by("change").len().iter_rows())
        assert counts.get("added", 0) == new.added and counts.get("dropped", 0) == new.dropped
        assert counts.get("changed", 0) == new.changed and counts.get("status", 0) == new.status
    assert reasons == [
        ["data"], ["data"], ["method"], ["definition"], ["data"], ["method"], [],
        ["data", "data+method", "method"], ["unexplained"],
    ]  # fmt: skip


def test_a_diff_over_many_releases_has_the_reasons_of_all(home: Path) -> None:
    told = warehouse.releases(home)
    found = diff.between(Settings(home=home, profile="demo"), told[0].release_id)
    old, new = (home / "published" / f"release_{r.release_id}.duckdb" for r in (told[0], told[-1]))
    with duckdb.connect() as con:
        con.execute(f"attach '{old}' as older (read_only); attach '{new}' as newer (read_only)")
        keys = con.sql(
            f"select count(*) from (select * exclude (source_ids) from newer.{FACT} except "
            f"select * exclude (source_ids) from older.{FACT})"
        ).fetchall()[0][0]
    there = found.cells.filter(pl.col("change") != "dropped")
    assert there.height == keys
    quotients = there.filter(pl.col("indicator_id") == "location_quotient")
    assert set(quotients["reason"]) == {"method"}
    summary = found.summary()
    assert summary["added"].sum() + summary["changed"].sum() > 0
    backwards = diff.between(
        Settings(home=home, profile="demo"), told[-1].release_id, told[0].release_id
    )
    assert backwards.cells.height == found.cells.height
