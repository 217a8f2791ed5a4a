"""The revision log and the way back: what changed, why, and what was said on a day."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines import history, timeline, warehouse
from pipelines.errors import ConfigError
from pipelines.settings import Settings
from tests.miniature import Cell, Cells, facts, publish

V1 = {"src/a": "v1", "src/b": "v1"}


def cells(**values: Cell) -> Cells:
    """`A2020=Cell(…)` is place A in 2020."""
    return {("i", name[0], name[1:]): cell for name, cell in values.items()}


def changes(home: Path, release: warehouse.Release) -> dict[str, dict[str, Any]]:
    path = home / "history" / f"changes_{release.release_id}.parquet"
    return {row["geo_id"] + row["period"]: row for row in pl.read_parquet(path).to_dicts()}


def test_each_kind_of_change_is_told_from_the_others(tmp_path: Path) -> None:
    first = cells(
        A2020=Cell(1.0), B2020=Cell(2.0), C2020=Cell(None, "M"), D2020=Cell(4.0), E2020=Cell(5.0),
        G2020=Cell(0.1 + 0.2), H2020=Cell(1.0, lower=0.5, upper=2.0),
        I2020=Cell(1.0, terms={"n": 2.0, "d": 2.0}), J2020=Cell(1.0, parts=("src/a",)),
        K2020=Cell(1.0, terms={"n": 0.1 + 0.2}), L2020=Cell(1.0, n_obs=1),
    )  # fmt: skip
    second = cells(
        A2020=Cell(1.0), B2020=Cell(2.5), C2020=Cell(3.0), D2020=Cell(4.0, "E"), F2020=Cell(6.0),
        G2020=Cell(0.3), H2020=Cell(1.0, lower=0.5, upper=3.0),
        I2020=Cell(1.0, terms={"n": 3.0, "d": 3.0}), J2020=Cell(1.0, parts=("src/b",)),
        K2020=Cell(1.0, terms={"n": 0.3}), L2020=Cell(1.0, n_obs=2),
    )  # fmt: skip
    one = publish(tmp_path, 1, first, vintages=V1)
    assert (one.added, one.changed, one.dropped) == (11, 0, 0)
    two = publish(tmp_path, 2, second, vintages={**V1, "src/a": "v2"})
    found = changes(tmp_path, two)
    assert {place[0]: row["change"] for place, row in found.items()} == {
        "B": "changed", "C": "changed", "H": "changed", "D": "status", "E": "dropped",
        "F": "added", "G": "rounding", "I": "terms", "J": "terms", "K": "rounding", "L": "terms",
    }  # fmt: skip
    assert (two.added, two.changed, two.status, two.terms, two.rounding, two.dropped) == (
        1, 3, 1, 3, 2, 1,
    )  # fmt: skip
    assert found["B2020"]["changed_columns"] == "value"
    assert (found["B2020"]["old_value"], found["B2020"]["new_value"]) == (2.0, 2.5)
    assert found["H2020"]["changed_columns"] == "value_upper"
    assert found["J2020"]["changed_columns"] == "source_ids"
    # a vintage alone is no change of a cell
    assert "A2020" not in found


@pytest.fixture(scope="module")
def one_cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("one_cell")
    publish(home, 1, cells(A2020=Cell(1.0)), vintages=V1)
    return home


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"vintages": {"src/a": "v2", "src/b": "v1"}}, "data"),
        ({"vintages": {"src/a": "v1", "src/b": "v2"}}, "data"),  # read upstream, not by the cell
        ({"code": "c2"}, "method"),
        ({"lists": "l2"}, "definition"),
        ({"corrections": "k2"}, "correction"),
        ({"code": "c2", "vintages": {"src/a": "v2", "src/b": "v1"}}, "data+method"),
        ({"code": "c2", "vintages": {"src/a": "v1", "src/b": "v2"}}, "method"),
        ({}, "unexplained"),
    ],
)
def test_the_reason_is_what_differs(
    one_cell: Path, tmp_path: Path, differs: dict[str, Any], reason: str
) -> None:
    home = shutil.copytree(one_cell, tmp_path / "home", symlinks=True)
    two = publish(home, 2, cells(A2020=Cell(2.0)), **{"vintages": V1, **differs})
    assert changes(home, two)["A2020"]["reason"] == reason


def test_bytes_that_were_read_anew_are_a_reason_of_their_own(tmp_path: Path) -> None:
    publish(tmp_path, 1, cells(A2020=Cell(1.0)), vintages=V1, same_bytes=True)
    newer = {**V1, "src/a": "v2"}
    two = publish(tmp_path, 2, cells(A2020=Cell(2.0)), vintages=newer, same_bytes=True)
    assert changes(tmp_path, two)["A2020"]["reason"] == "parser"


def test_a_new_method_version_is_a_method_even_if_the_hash_says_nothing(tmp_path: Path) -> None:
    publish(tmp_path, 1, cells(A2020=Cell(1.0)), vintages=V1)
    two = publish(tmp_path, 2, cells(A2020=Cell(2.0, method="2")), vintages=V1)
    assert changes(tmp_path, two)["A2020"]["reason"] == "method"


# Ten releases: figures, statuses and bounds move, cells come and go and come back, a method, a
# list, a correction, bytes read anew, last digits, and a rollback between.
STORY: list[dict[str, Any]] = [
    {"cells": cells(A2020=Cell(1.0, terms={"n": 1.0}), B2020=Cell(None, "M"), C2020=Cell(3.0))},
    {"cells": cells(A2020=Cell(1.5, terms={"n": 1.5}), B2020=Cell(None, "C"), C2020=Cell(3.0)),
     "vintages": {"src/a": "v2", "src/b": "v1"}},
    {"cells": cells(A2020=Cell(1.5, terms={"n": 1.5}), B2020=Cell(2.0, "E")),
     "vintages": {"src/a": "v2", "src/b": "v2"}},
    {"cells": cells(A2020=Cell(15.0, terms={"n": 1.5, "k": 10.0}, method="2"),
                    B2020=Cell(20.0, "E", method="2")), "code": "c2"},
    {"cells": cells(A2020=Cell(15.0, terms={"n": 1.5, "k": 10.0}, method="2"),
                    B2020=Cell(20.0, "E", method="2"), C2020=Cell(3.0), D2021=Cell(0.0, "Z")),
     "vintages": {"src/a": "v3", "src/b": "v2"}},
    {"cells": cells(A2020=Cell(15.0, terms={"n": 1.5}, method="2", parts=("src/a", "src/b")),
                    B2020=Cell(None, "C", lower=10.0, upper=30.0, method="2"),
                    C2020=Cell(3.0), D2021=Cell(0.0, "Z")), "lists": "l2"},
    {"cells": cells(A2020=Cell(15.000000000000002, terms={"n": 1.5}, method="2",
                               parts=("src/b", "src/a")), C2020=Cell(3.0), D2021=Cell(0.0, "Z"))},
    {"cells": cells(), "vintages": {"src/b": "v2"}},
    {"cells": cells(A2020=Cell(7.0), C2020=Cell(None, "M", n_obs=0), D2021=Cell(0.5)),
     "vintages": {"src/a": "v4", "src/b": "v2"}, "corrections": "k2"},
    {"cells": cells(A2020=Cell(7.0), C2020=Cell(4.0), D2021=Cell(0.5)),
     "vintages": {"src/a": "v5", "src/b": "v2"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The story once told; copy it before you change a file."""
    home = tmp_path_factory.mktemp("story")
    tell(home)
    return home


@pytest.fixture(scope="module")
def rolled_back(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, but for a rollback from the sixth release to the fourth."""
    home = tmp_path_factory.mktemp("rolled_back")
    tell(home, rollback_after=6)
    return home


def tell(
    home: Path, *, rollback_after: int = 0, steps: int = len(STORY)
) -> list[warehouse.Release]:
    """Publish the story; what a step does not name stays as it was."""
    state: dict[str, Any] = {"vintages": V1}
    told = []
    for number, step in enumerate(STORY[:steps], start=1):
        state |= step
        told.append(publish(home, number, **state))
        if number == rollback_after:
            warehouse.rollback(home, told[-3].release_id)
    return told


@pytest.mark.parametrize("which", ["story", "rolled_back"])
def test_the_past_is_what_each_release_said(request: pytest.FixtureRequest, which: str) -> None:
    home: Path = request.getfixturevalue(which)
    told = warehouse.releases(home)
    settings = Settings(home=home, profile="live")
    newest = warehouse.current_path(home)
    for number, release in enumerate(told, start=1):
        own = home / "published" / f"release_{release.release_id}.duckdb"
        with duckdb.connect(str(own), read_only=True) as con:
            said = facts(con, history.FACT)
            of_itself = facts(con, "marts.as_of(null)")
            scores = con.sql("from marts.mart_scores order by all").fetchall()
            assert con.sql("from marts.mart_scores_as_of(null) order by all").fetchall() == scores
            snapshots = con.sql(
                "select snapshot_id from meta.source_snapshot order by all"
            ).fetchall()
        assert of_itself == said
        with duckdb.connect(str(newest), read_only=True) as con:
            assert facts(con, f"marts.as_of('{release.release_id}')") == said, number
            then = con.sql(f"from marts.mart_scores_as_of('{release.release_id}') order by all")
            assert then.fetchall() == scores, number
            if which == "story":
                assert facts(con, f"marts.as_of('2026-01-{number:02d}')") == said
                assert facts(con, f"marts.as_of(date '2026-01-{number:02d}')") == said
            then = con.sql(f"select snapshot_id from marts.snapshots_as_of('{release.release_id}')")
            assert then.order("snapshot_id").fetchall() == snapshots
        with timeline.open_as_of(settings, release.release_id, from_files=False) as (con, name):
            assert name == release.release_id
            assert facts(con, history.FACT) == said
            assert con.sql("from marts.mart_scores order by all").fetchall() == scores
            assert con.sql("from meta.source_snapshot").aggregate("count(*)").fetchall() == [
                (len(snapshots),)
            ]
            assert con.sql("select release_id from meta.release").fetchall() == [(name,)]


def test_a_day_after_a_rollback_says_what_was_then_in_service(rolled_back: Path) -> None:
    told = warehouse.releases(rolled_back)
    events = warehouse.journal(rolled_back)
    rollback = next(e for e in events if e["event"] == "rollback")
    with duckdb.connect(str(warehouse.current_path(rolled_back)), read_only=True) as con:
        # the rollback was today, after every release of January
        fact = facts(con, f"marts.as_of('{rollback['at']}')")
        assert fact == facts(con, history.FACT)
        rows = con.sql(
            "select event, release_id from meta.release_history where event = 'rollback'"
        ).fetchall()
    assert rows == [("rollback", told[3].release_id)]
    assert [r.previous_release_id for r in told[6:8]] == [told[3].release_id, told[6].release_id]


def test_questions_that_have_no_answer_are_refused(story: Path) -> None:
    settings = Settings(home=story, profile="live")
    with duckdb.connect(str(warehouse.current_path(story)), read_only=True) as con:
        with pytest.raises(duckdb.Error, match="nothing was published yet on 2025-12-31"):
            con.sql("from marts.as_of('2025-12-31')").fetchall()
        with pytest.raises(duckdb.Error, match="neither a day, nor a time, nor a release: yester"):
            con.sql("from marts.as_of('yesterday')").fetchall()
    for moment, message in (("2025-12-31", "nothing was published yet"), ("r9", "neither a day")):
        with pytest.raises(ConfigError, match=message), timeline.open_as_of(settings, moment):
            pytest.fail("it was opened")


def test_without_room_the_log_keeps_the_newest_and_says_where_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERKPI_REVISION_SHARE", "0")
    monkeypatch.setattr(timeline, "_FREE_BYTES", 0)
    told = tell(tmp_path, steps=4)
    settings = Settings(home=tmp_path, profile="live")
    with duckdb.connect(str(warehouse.current_path(tmp_path)), read_only=True) as con:
        assert facts(con, f"marts.as_of('{told[-2].release_id}')")
        with pytest.raises(duckdb.Error, match=f"begins with release {told[-2].release_id}.*query"):
            con.sql(f"from marts.as_of('{told[-3].release_id}')").fetchall()
    with timeline.open_as_of(settings, told[0].release_id, from_files=False) as (con, _):
        assert len(facts(con, history.FACT)) == 3  # the state directory has all of it


def test_a_change_file_that_is_gone_ends_the_past_there(story: Path, tmp_path: Path) -> None:
    home = shutil.copytree(story, tmp_path / "home", symlinks=True)
    told = warehouse.releases(home)
    (home / "history" / f"changes_{told[4].release_id}.parquet").unlink()
    settings = Settings(home=home, profile="live")
    with timeline.open_as_of(settings, told[4].release_id, from_files=False) as (con, _):
        assert len(facts(con, history.FACT)) == 4
    gone = pytest.raises(ConfigError, match=f"begins with release {told[4].release_id}")
    (home / "published" / f"release_{told[3].release_id}.duckdb").unlink()
    with gone, timeline.open_as_of(settings, told[3].release_id):
        pytest.fail("it was opened")


def test_the_past_of_a_mart_begins_with_its_present_columns(tmp_path: Path) -> None:
    first = publish(tmp_path, 1, cells(A2020=Cell(1.0)), vintages=V1)
    wider = "geo_id, period, value, obs_status, n_obs"
    second = publish(tmp_path, 2, cells(A2020=Cell(2.0)), vintages=V1, mart=wider)
    publish(tmp_path, 3, cells(A2020=Cell(3.0)), vintages=V1, mart=wider)
    with duckdb.connect(str(warehouse.current_path(tmp_path)), read_only=True) as con:
        then = con.sql(f"select value from marts.mart_scores_as_of('{second.release_id}')")
        assert then.fetchall() == [(2.0,), (2.0,)]
        with pytest.raises(duckdb.Error, match="log of mart_scores in this file does not reach"):
            con.sql(f"from marts.mart_scores_as_of('{first.release_id}')").fetchall()
    settings = Settings(home=tmp_path, profile="live")
    with timeline.open_as_of(settings, first.release_id, from_files=False) as (con, _):
        assert facts(con, history.FACT)[0][5] == 1.0
        with pytest.raises(duckdb.Error, match="mart_scores does not exist"):
            con.sql("from marts.mart_scores")


def test_merged_files_answer_as_before(story: Path, tmp_path: Path) -> None:
    home = shutil.copytree(story, tmp_path / "home", symlinks=True)
    told = warehouse.releases(home)
    settings = Settings(home=home, profile="live")

    def all_facts() -> list[Any]:
        answers = []
        for release in (told[0], told[5]):
            with timeline.open_as_of(settings, release.release_id, from_files=False) as (con, _):
                answers.append(facts(con, history.FACT))
        return answers

    folder = home / "history"
    before, files = all_facts(), sorted(path.name for path in folder.iterdir())
    kept = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    assert history.compact(folder, most=10) == 0
    assert history.compact(folder, most=4) == 8 + 8 + 7
    assert len(list(folder.glob("*.parquet"))) == 6 < len(files)
    assert all_facts() == before
    for name, body in kept.items():  # as if it had been killed before the parts were removed
        (folder / name).write_bytes(body)
    assert all_facts() == before
    history.compact(folder, most=10)
    assert len(list(folder.glob("*.parquet"))) == 6 and all_facts() == before


def test_files_of_a_night_that_was_killed_are_forgotten(story: Path, tmp_path: Path) -> None:
    home = shutil.copytree(story, tmp_path / "home", symlinks=True)
    told = warehouse.releases(home)
    folder = home / "history"
    for name in ("changes", "snapshots"):
        body = (folder / f"{name}_{told[-1].release_id}.parquet").read_bytes()
        (folder / f"{name}_20260131T000000Z_x.parquet").write_bytes(body)
    (folder / "changes_20260131T000000Z_y.tmp").write_bytes(b"torn")
    before = len(list(folder.iterdir()))
    gone = history.forget_unpublished(folder, [r.release_id for r in told])
    assert gone == ["20260131T000000Z_x"] and len(list(folder.iterdir())) == before - 3


def test_revisions_by_hand(tmp_path: Path) -> None:
    """A: 10 → 11 → 12, B: 20 → 18, C never revised; then a method multiplies all by ten.

    Data moved A by +2 (20 percent of 10) and B by -2 (10 percent of 20): the mean revision is 0,
    the mean absolute one (2 + 2 + 0) / 3, its share (0.2 + 0.1 + 0) / 3, half of them upwards.
    """
    publish(tmp_path, 1, cells(A2020=Cell(10.0), B2020=Cell(20.0), C2020=Cell(5.0)), vintages=V1)
    newer = {**V1, "src/a": "v2"}
    publish(tmp_path, 2, cells(A2020=Cell(11.0), B2020=Cell(18.0), C2020=Cell(5.0)), vintages=newer)
    newest = {**V1, "src/a": "v3"}
    third = cells(A2020=Cell(12.0), B2020=Cell(18.0), C2020=Cell(5.0))
    publish(tmp_path, 3, third, vintages=newest)
    tenfold = {
        key: dataclasses.replace(cell, value=10 * cell.value)  # type: ignore[operator]
        for key, cell in third.items()
    }
    publish(tmp_path, 4, tenfold, vintages=newest, code="c2")
    with duckdb.connect(str(warehouse.current_path(tmp_path)), read_only=True) as con:
        (row,) = con.sql("from meta.revision_quality").pl().to_dicts()
    assert row == {
        "indicator_id": "i", "basis": "b", "source_id": "src", "vintages_count": 3,
        "cells_count": 3, "revised_count": 2, "redefined_count": 3,
        "mean_revision": pytest.approx(0.0), "mean_abs_revision": pytest.approx(4 / 3),
        "mean_abs_revision_share": pytest.approx(0.1), "upward_share": 0.5,
    }  # fmt: skip
