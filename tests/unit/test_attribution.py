"""Method told apart from data: the steps of a move, by hand."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.attribution import _past, _split
from pipelines.errors import ConfigError
from pipelines.history import KEY


def fact(**values: float | None) -> pl.DataFrame:
    """`A=1.0` is the value of place A."""
    rows = [
        {
            **dict.fromkeys(KEY, "i"),
            "geo_id": place,
            "value": value,
            "value_lower": None,
            "value_upper": None,
            "obs_status": "M" if value is None else "A",
        }
        for place, value in values.items()
    ]
    types = {"value": pl.Float64, "value_lower": pl.Float64, "value_upper": pl.Float64}
    return pl.DataFrame(rows, schema_overrides=types)


def test_each_move_is_the_sum_of_its_steps() -> None:
    """A: 1 → 10 by a method, → 20 by data. B: moved by data alone. C: by a list alone, from 5 to
    6. D: not at all. E is new in the data, F has lost its figure there."""
    old = fact(A=1.0, B=3.0, C=5.0, D=7.0, F=9.0)
    method = fact(A=10.0, B=3.0, C=5.0, D=7.0, F=9.0)
    lists = fact(A=10.0, B=3.0, C=6.0, D=7.0, F=9.0)
    new = fact(A=20.0, B=4.0, C=6.0, D=7.0, E=1.0, F=None)
    found = _split(old, new, {"method": method, "method+definition": lists}, None)
    told = {row["geo_id"]: row for row in found.cells.to_dicts()}
    assert {place: row["reason"] for place, row in told.items()} == {
        "A": "method+data", "B": "data", "C": "definition", "D": "", "E": "data", "F": "data",
    }  # fmt: skip
    assert (told["A"]["step_method"], told["A"]["step_data"]) == (9.0, 10.0)
    assert (told["C"]["step_definition"], told["C"]["step_data"]) == (1.0, 0.0)
    for place in "ABCD":
        row = told[place]
        steps = row["step_method"] + row["step_definition"] + row["step_data"]
        assert steps == pytest.approx(row["new_value"] - row["old_value"])
    summary = {row["reason"]: row["cells"] for row in found.summary().to_dicts()}
    assert summary == {"method+data": 1, "data": 3, "definition": 1}
    assert not found.both_ways


def test_one_build_serves_where_the_lists_are_the_same_or_gone() -> None:
    old, new = fact(A=1.0), fact(A=4.0)
    same = fact(A=2.0)
    found = _split(old, new, {"method": same, "method+definition": same}, None)
    assert [c for c in found.cells.columns if c.startswith("step_")] == ["step_method", "step_data"]
    found = _split(old, new, {"method+definition": same}, None)
    assert found.cells["reason"].to_list() == ["method_or_definition+data"]


def test_the_other_way_round_shows_what_acts_together() -> None:
    """A: the method doubles, the data add 1: old first 1 → 2 → 4 (method +1), or 1 → 2 → 4 with the
    data first (method +2). B: the method adds, so that the order does not matter."""
    old, new = fact(A=1.0, B=1.0), fact(A=4.0, B=3.0)
    new_code, new_data = fact(A=2.0, B=2.0), fact(A=2.0, B=2.0)
    between = {"method": new_code, "method+definition": new_code}
    found = _split(old, new, between, new_data)
    assert (found.both_ways, found.disagreeing) == (True, 1)


@pytest.mark.parametrize(
    ("commit", "message"),
    [("a" * 40 + "+", "differed from commit"), ("0" * 40, "the code of commit 000000000000")],
)
def test_code_that_cannot_be_had_again_is_named(commit: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        _past(commit, tmp_path)
