"""Where official figures come from and how they moved, by independent code.

Two vintages of the World Development Indicators: what the log says is held against plain
dictionaries of the figures in both files, and against the publisher's own figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines import rederive, timeline, warehouse
from pipelines.history import COLUMNS, FACT, KEY
from pipelines.settings import Settings
from tests.real.conftest import NEWER, OLDER
from tests.real.test_refresh_real import wdi

pytestmark = pytest.mark.real

Fact = dict[tuple[str, ...], tuple[Any, ...]]


@pytest.fixture(scope="module")
def con(real_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.open_published(real_home) as connection:
        yield connection


def fact(path: Path) -> Fact:
    """Key → value, bounds and status, of one release's own file."""
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            f"select {', '.join(KEY)}, value, value_lower, value_upper, obs_status from {FACT}"
        ).fetchall()
    return {tuple(row[:5]): tuple(row[5:]) for row in rows}


def moved(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return (old is None) != (new is None)
    return abs(new - old) > 1e-9 * max(abs(old), abs(new))


def test_the_log_counts_as_two_dictionaries_do(real_home: Path) -> None:
    first, second = warehouse.releases(real_home)
    old, new = (
        fact(real_home / "published" / f"release_{release.release_id}.duckdb")
        for release in (first, second)
    )
    counted: Counter[tuple[str, str]] = Counter()
    for key in new.keys() - old.keys():
        counted[key[0], "added"] += 1
    for key in old.keys() - new.keys():
        counted[key[0], "dropped"] += 1
    for key in old.keys() & new.keys():
        if any(moved(a, b) for a, b in zip(old[key][:3], new[key][:3], strict=True)):
            counted[key[0], "changed"] += 1
        elif old[key][3] != new[key][3]:
            counted[key[0], "status"] += 1
    changes = pl.read_parquet(real_home / "history" / f"changes_{second.release_id}.parquet")
    logged = Counter(
        {
            (indicator, kind): number
            for indicator, kind, number in changes.group_by("indicator_id", "change")
            .len()
            .iter_rows()
            if kind in ("added", "dropped", "changed", "status")
        }
    )
    assert logged == counted
    assert {indicator for indicator, _ in counted} >= {"broadband_adoption", "tertiary_enrolment"}
    assert (second.added, second.changed, second.status, second.dropped) == tuple(
        sum(number for (_, kind), number in counted.items() if kind == name)
        for name in ("added", "changed", "status", "dropped")
    )
    # figures that the publisher sent again with other last digits are no revision
    assert set(changes.filter(pl.col("change") != "rounding")["reason"]) == {"data"}


def test_indicators_that_pass_a_series_on_moved_as_the_series_did(
    con: duckdb.DuckDBPyConnection, real_home: Path, real_data: Path
) -> None:
    """Straight from the publisher's figures of both vintages, for every indicator of one series."""
    second = warehouse.releases(real_home)[-1]
    changes = pl.read_parquet(real_home / "history" / f"changes_{second.release_id}.parquet")
    single = con.sql(
        f"""
        with passed_on as (
            select indicator_id, basis, any_value(map_keys(components)) as terms
            from {FACT}
            group by indicator_id, basis
            having max(cardinality(components)) = 1
                and bool_and(map_values(components)[1] is not distinct from value)
        )
        select p.indicator_id, p.basis, t.series[1][5:] as code
        from passed_on as p
        inner join marts.dim_term as t on t.indicator_id = p.indicator_id
            and t.basis in ('all', p.basis) and t.term = p.terms[1]
        where len(t.series) = 1 and starts_with(t.series[1], 'wdi/')
        """
    ).fetchall()
    dated = set(
        pl.read_parquet(real_data / "world_bank/wdi_figures.parquet")
        .filter(~pl.col("vintage").str.starts_with("unknown"))
        .group_by("indicator_code")
        .agg(pl.col("vintage").n_unique())
        .filter(pl.col("vintage") >= 2)["indicator_code"]
    )
    compared = 0
    for indicator, basis, code in single:
        if code not in dated:
            continue
        old, new = (wdi(real_data, code, limit) for limit in (OLDER, NEWER))
        expected = {
            "added": new.keys() - old.keys(),
            "dropped": old.keys() - new.keys(),
            "changed": {k for k in old.keys() & new.keys() if moved(old[k], new[k])},
        }
        found: dict[str, set[tuple[str, str]]] = {name: set() for name in expected}
        row: dict[str, Any]
        for row in changes.filter(
            (pl.col("indicator_id") == indicator)
            & (pl.col("basis") == basis)
            & (pl.col("change") != "rounding")
        ).to_dicts():
            before, after = row["old_value"], row["new_value"]
            if before is None and after is None:
                continue
            kind = "added" if before is None else "dropped" if after is None else "changed"
            found[kind].add((row["geo_id"], row["period"]))
        assert found == expected, (indicator, basis)
        compared += sum(map(len, expected.values()))
    assert compared > 100, single


def test_the_first_release_is_told_again_from_the_second(
    con: duckdb.DuckDBPyConnection, real_home: Path
) -> None:
    first, second = warehouse.releases(real_home)
    con.execute(
        f"attach '{real_home / 'published' / f'release_{first.release_id}.duckdb'}' as earlier "
        "(read_only)"
    )
    listed = ", ".join((*KEY, *COLUMNS))
    told, own = (
        f"select {listed} from marts.as_of('{first.release_id}')",
        f"select {listed} from earlier.{FACT}",
    )
    for one, other in ((told, own), (own, told)):
        assert con.sql(f"select count(*) from ({one} except all {other})").fetchall() == [(0,)]
    con.execute("detach earlier")
    settings = Settings(home=real_home, profile="live")
    with timeline.open_as_of(settings, first.release_id, from_files=False) as (again, _):
        count = again.sql(f"select count(*) from {FACT}").fetchall()
    assert count == [(first.cells,)] and first.cells != second.cells


def test_three_hundred_random_cells_are_made_again(
    con: duckdb.DuckDBPyConnection, real_home: Path
) -> None:
    settings = Settings(home=real_home, profile="live")
    cells = rederive.sample(con, 300, seed=11)
    without = con.execute(
        "select count(*) from meta.source_snapshot where len(entity_sha256) = 0"
    ).fetchall()
    assert cells.height == 300 and without == [(0,)]
    found = rederive.verify(settings, con, cells)
    assert found.differing == [], rederive.told(found)
    assert (found.cells, found.exact + found.close, found.code) == (300, 300, True)
    # where close, then within 1e-12 of each other; sums are order-free, so none has to be
    assert found.close_indicators == [], "sums of these depend on the order of their rows"
