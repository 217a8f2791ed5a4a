"""What changed since a release: counted from the log of the file, with its reasons."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboards import data, revisions, words
from tests.dashboards.conftest import Run, html_of

# (seq, indicator, geo, period, change, reason, old value, new value, old status, new status)
MOVES = [
    (2, "entry_rate", "KOR", "2020", "changed", "data", 1.0, 2.0, "A", "A"),
    (3, "entry_rate", "KOR", "2020", "changed", "correction", 2.0, 4.0, "A", "A"),
    (3, "entry_rate", "JPN", "2020", "changed", "data", 5.0, None, "A", "C"),
    (3, "entry_rate", "PER", "2020", "status", "data", 3.0, 3.0, "P", "A"),
    (2, "entry_rate", "CHL", "2020", "added", "data", None, 7.0, None, "A"),
    (3, "entry_rate", "CHL", "2020", "dropped", "data", 7.0, None, "A", None),
    (3, "broadband_adoption", "CHL", "2020", "added", "data", None, 7.0, None, "A"),
    (3, "broadband_adoption", "PER", "2020", "rounding", "method", 1.0, 1.0, "A", "A"),
    (2, "broadband_adoption", "MEX", "2020", "changed", "data", None, 1.5, "L", "A"),
]


@pytest.fixture
def revised_home(own_home: Path) -> Path:
    """Three releases in one log; the first two are of October."""
    with duckdb.connect(str(own_home / "published" / "release_one.duckdb")) as con:
        con.execute("delete from meta.release_history")
        for seq, day, told in ((1, 1, False), (2, 2, True), (3, 3, True)):
            con.execute(
                "insert into meta.release_history (seq, event, release_id, served_from, is_told) "
                "values (?, 'publish', ?, ?, ?)",
                [seq, f"r{seq}", datetime(2026, 10, day, tzinfo=UTC), told],
            )
        for move in MOVES:
            con.execute(
                "insert into meta.revision (seq, indicator_id, geo_id, period, change, reason, "
                "old_value, new_value, old_obs_status, new_obs_status, cluster_id, basis) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'all', 'b')",
                move,
            )
        con.execute(
            "update meta.revision_quality set revised_count = 3, mean_abs_revision_share = 0.125, "
            "upward_share = 1 where indicator_id = 'entry_rate' and basis = 'wdi_llc_density'"
        )
    return own_home


def test_moves_of_a_cell_are_one_change(revised_home: Path) -> None:
    release = data.release_in_service()
    columns = ("added", "changed", "status", "terms", "dropped")

    def counts(seq: int) -> dict[str, tuple[int, ...]]:
        found = revisions.by_indicator(data.revisions(release, seq))
        return {row[0]: row[1:] for row in found.select("indicator_id", *columns).rows()}

    # Since 1: KOR once, JPN to nothing, PER its mark, CHL came and went; MEX from nothing.
    assert counts(1) == {"entry_rate": (0, 2, 1, 0, 0), "broadband_adoption": (1, 1, 0, 0, 0)}
    assert counts(2) == {"entry_rate": (0, 2, 1, 0, 1), "broadband_adoption": (1, 0, 0, 0, 0)}
    assert counts(3) == {}
    largest = data.largest_revisions(release, 1, 5)
    assert largest.select("geo_id", "old_value", "new_value", "moved_share", "reason").rows() == [
        ("KOR", 1.0, 4.0, 3.0, "correction+data")
    ]
    assert data.largest_revisions(release, 2, 5)["moved_share"].to_list() == [1.0]


def test_overview_and_quality_tell_them(revised_home: Path, run_page: Run) -> None:
    html = html_of(run_page("overview"))
    assert (
        "Since release r2 of 2 Oct 2026: 1 new, 2 with another value, 1 with another mark only, "
        "1 gone; 2 indicators concerned."
    ) in html
    test = run_page("quality")
    assert not test.exception
    box = test.selectbox(key="quality_since")
    assert [option.partition(" ")[0] for option in box.options] == ["r2"]  # r1 is not told
    assert "a correction" in html_of(test) and "300.0%" not in html_of(test)
    assert "12.5%" in html_of(test)
    hostile = run_page("quality", params={"quality_since": "'; drop table x"})
    assert not hostile.exception


def test_a_first_release_has_nothing_to_be_compared_with(serving: Path, run_page: Run) -> None:
    overview, quality = run_page("overview"), run_page("quality")
    assert "the first release" in " ".join(caption.value for caption in overview.caption)
    told = " ".join(caption.value for caption in quality.caption)
    assert "none to compare it with" in told and "No publisher has revised" in told


def test_words_of_revisions() -> None:
    since = {"release_id": "r", "served_from": datetime(2026, 1, 2, tzinfo=UTC)}
    schema = ["indicator_id", *revisions.COUNTS]
    nothing = pl.DataFrame(schema=dict.fromkeys(schema, pl.Int64))
    assert revisions.sentence(nothing, since) == (
        "Since release r of 2 Jan 2026 no cell has changed."
    )
    assert revisions.reason("data+method") == "the source and the method"
    assert revisions.reason(None) == ""
    assert words.share(-0.125) == "−12.5%"
