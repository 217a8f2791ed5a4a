"""How cells that were made again are compared: to the bit, within 1e-12, or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import rederive, warehouse
from pipelines.errors import ClusterkpiError
from pipelines.history import COLUMNS, KEY
from pipelines.settings import Settings

# Place → value, its one term, the snapshot that it was read from.
Told = dict[str, tuple[float | None, float, str]]

SUM = 0.1 + 0.2  # 0.30000000000000004, and 0.3 in another order


def frame(cells: Told) -> pl.DataFrame:
    """Rows of a fact, as a release gives them."""
    rows = " union all ".join(
        f"select 'i_{place}', '{place}', 'all', '2020', 'all', {'null' if value is None else value}"
        f"::double, null::double, null::double, 'A', 1::bigint, map {{'term': {term}::double}}, "
        f"['{snapshot}'], '1'"
        for place, (value, term, snapshot) in cells.items()
    )
    with duckdb.connect() as con:
        return con.sql(f"select * from ({rows}) as t ({', '.join((*KEY, *COLUMNS))})").pl()


def compared(home: Path, published: Told, again: Told) -> tuple[int, dict[str, int], set[str]]:
    scratch = Settings(home=home, profile="demo")
    warehouse.new_candidate(scratch)
    with warehouse.open_candidate(scratch) as con:
        con.execute("create schema intermediate")
        con.register("again", frame(again).to_arrow())
        con.execute("create table intermediate.model as from again")
    exact, close, differing = rederive.compare(scratch, {"model": "i"}, frame(published))
    return exact, dict(close), {row["geo_id"] for row in differing}


def test_order_of_summation_is_told_from_another_figure(tmp_path: Path) -> None:
    published = {
        "A": (SUM, 1.0, "s/p@1"),  # to the bit
        "B": (SUM, 1.0, "s/p@1"),  # another order
        "C": (1.0, SUM, "s/p@1"),  # another order of a term
        "D": (1.0, 1.0, "s/p@1"),  # 2e-12 off: no matter of order
        "E": (1.0, 1.0, "s/p@1"),  # a term 2e-12 off
        "F": (1e-20, 1.0, "s/p@1"),  # relative: small figures are held to the same
        "G": (1e20, 1.0, "s/p@1"),  # … and large ones
        "H": (None, 1.0, "s/p@1"),  # a value where there was none
        "I": (1.0, 1.0, "s/p@1"),  # not made again
    }
    again = {
        "A": (SUM, 1.0, "s/p@1"),
        "B": (0.3, 1.0, "s/p@1"),
        "C": (1.0, 0.3, "s/p@1"),
        "D": (1.0 + 2e-12, 1.0, "s/p@1"),
        "E": (1.0, 1.0 + 2e-12, "s/p@1"),
        "F": (2e-20, 1.0, "s/p@1"),
        "G": (1e20 * (1 + 1e-15), 1.0, "s/p@1"),
        "H": (0.0, 1.0, "s/p@1"),
    }
    assert compared(tmp_path, published, again) == (
        1, {"i_B": 1, "i_C": 1, "i_G": 1}, {"D", "E", "F", "H", "I"},
    )  # fmt: skip


def test_cells_of_other_snapshots_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClusterkpiError, match="1 cells were made from other snapshots"):
        compared(tmp_path, {"A": (1.0, 1.0, "s/p@1")}, {"A": (1.0, 1.0, "s/p@2")})


def test_the_outcome_names_the_indicators_that_are_close() -> None:
    found = rederive.Verified(3, 2, 1, [], True, 1, 1, ["a", "b"], ["b"])
    assert found.holds and "1 to within 1e-12 (order of summation: b)" in rederive.told(found)
    row = {**dict.fromkeys(KEY, "x"), "old_value": 1.0, "new_value": 2.0}
    found = rederive.Verified(3, 2, 0, [row], False, 1, 1, ["a"])
    said = rederive.told(found)
    assert not found.holds and "1 DIFFERENT" in said and "published 1.0, made again 2.0" in said
    assert "built by other code" in said
