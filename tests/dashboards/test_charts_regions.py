"""Pictures of clusters in regions: an interval is drawn as one, and nothing is invented."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dashboards import charts_regions, maps
from dashboards.style import DARK, LIGHT, Look, Palette


def _cell(name: str, lq: float | None, **more: Any) -> dict[str, Any]:
    return {
        "cluster_name": name,
        "lq_in_class": lq,
        "lq_in_class_lower": None,
        "lq_in_class_upper": None,
        "estabs_growth": 0.02,
        "emp_count": 100 if lq is not None else None,
        "obs_status": "A" if lq is not None else "C",
        "strength_least": 0,
        "strength_most": 0,
        **more,
    }


def _frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows).cast(
        {
            "lq_in_class": pl.Float64,
            "lq_in_class_lower": pl.Float64,
            "lq_in_class_upper": pl.Float64,
            "estabs_growth": pl.Float64,
            "emp_count": pl.Int64,
        }
    )


HELD = _cell("Held", None, lq_in_class_lower=0.5, lq_in_class_upper=2.0, strength_most=4)
PLAIN = _cell("Plain", 1.5, strength_least=3, strength_most=3)
OPEN = _cell("Open", None, lq_in_class_lower=0.5)
STILL = _cell("Still", 1.0, estabs_growth=None)


def _layers(spec: dict[str, Any], mark: str) -> list[dict[str, Any]]:
    return [layer for layer in spec["layer"] if layer["mark"]["type"] == mark]


def _rows(spec: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return spec["datasets"][layer.get("data", spec.get("data"))["name"]]


def test_only_what_can_be_placed_is_drawn() -> None:
    kept = charts_regions.placed(_frame(HELD, PLAIN, OPEN, STILL))
    assert kept["cluster_name"].to_list() == ["Held", "Plain"]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_withheld_cluster_is_a_bar_and_no_bubble(palette: Palette) -> None:
    look = Look(palette)
    spec = charts_regions.portfolio(_frame(HELD, PLAIN), look=look).to_dict()
    (bubbles,) = _layers(spec, "point")
    assert [row["cluster_name"] for row in _rows(spec, bubbles)] == ["Plain"]
    caps = _layers(spec, "tick")
    assert {layer["encoding"]["x"]["field"] for layer in caps} == {
        "lq_in_class_lower",
        "lq_in_class_upper",
    }
    assert all([row["cluster_name"] for row in _rows(spec, layer)] == ["Held"] for layer in caps)
    only_held = charts_regions.portfolio(_frame(HELD), look=look).to_dict()
    assert not _layers(only_held, "point")


def test_related_strengths_and_suppliers_carry_their_figures() -> None:
    near = pl.DataFrame(
        {
            "cluster_name": ["One", "Two"],
            "density": [0.2, 0.4],
            "density_lower": [None, 0.3],
            "density_upper": [None, 0.5],
            "lq_in_class": [2.0, 0.4],
            "obs_status": ["A", "E"],
        }
    )
    spec = charts_regions.related(near, look=Look()).to_dict()
    (points,) = _layers(spec, "point")
    assert {row["kind"] for row in _rows(spec, points)} == {
        "already specialised",
        "not yet specialised",
    }
    bought = pl.DataFrame(
        {
            "supplier_name": ["Steel", "Glass"],
            "weight": [0.3, 0.1],
            "cilq": [0.1, None],
            "cilq_lower": [0.1, 0.0],
            "cilq_upper": [0.1, 3.0],
            "import_share": [0.2, 0.3],
            "is_sure": [True, False],
        }
    )
    spec = charts_regions.suppliers(bought, look=Look(is_synthetic=True)).to_dict()
    (bars,) = _layers(spec, "bar")
    assert [row["kind"] for row in _rows(spec, bars)] == [
        "missing whatever is hidden",
        "may be there: withheld",
    ]
    assert spec["title"]["text"] == "SYNTHETIC DEMONSTRATION DATA"


def test_network_has_each_tie_once_and_none_without_a_figure() -> None:
    pairs = [("a", "b", 0.5), ("a", "c", 0.4), ("b", "c", 0.3), ("a", "d", None)]
    both = [*pairs, *((y, x, near) for x, y, near in pairs)]
    frame = pl.DataFrame(
        [
            {
                "cluster_id": x,
                "cluster_name": x.upper(),
                "other_id": y,
                "other_name": y.upper(),
                "proximity": near,
            }
            for x, y, near in both
        ]
    )
    spec = charts_regions.together(frame, "a", look=Look()).to_dict()
    (lines,) = _layers(spec, "rule")
    assert sorted(row["tie"] for row in _rows(spec, lines)) == ["A – B", "A – C", "B – C"]
    (dots,) = _layers(spec, "point")
    assert {row["name"] for row in _rows(spec, dots)} == {"A", "B", "C"}


def test_a_strength_is_counted_in_its_class_or_as_not_decided() -> None:
    frame = pl.DataFrame({"strength_least": [4, 3, 0, 0], "strength_most": [4, 3, 0, 3]})
    spec = charts_regions.strength_steps(frame, look=Look()).to_dict()
    (bars,) = _layers(spec, "bar")
    counts = {row["strength"]: row["regions"] for row in _rows(spec, bars)}
    assert counts == {
        "top tenth": 1,
        "strong": 1,
        "above the median": 0,
        "qualifying": 0,
        "no strength": 1,
        "not decided: withheld": 1,
    }
    assert maps.strength_class(0, 3) == maps.UNDECIDED
    assert maps.strength_class(None, None) == maps.GONE
    assert maps.strength_class(4, 4) == "top tenth"
