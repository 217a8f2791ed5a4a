"""Concentration of a named table, and the command that reads one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.errors import MetricInput
from pipelines.metrics import concentration as co
from pipelines.metrics.concentration_table import SCHEMA, concentrate
from tests.conftest import Cli

CELLS = pl.DataFrame(
    {
        "region": ["a", "b", "a", "b", "c"],
        "industry": ["ships", "ships", "shops", "shops", "shops"],
        "employment": [80.0, 20, 420, 480, 0],
    }
)
PLANTS = pl.DataFrame(
    {"industry": ["ships"] * 10 + ["shops"] * 90, "size": [10.0] * 10 + [10.0] * 90}
)


def test_by_hand() -> None:
    """x = (½, ½, 0); ships 0.8, 0.2: γ = (0.18 − 0.05)/(0.5·0.9); shops 7/15, 8/15, H = 1/90."""
    found = concentrate(CELLS, PLANTS, draws=50)
    assert found.schema == SCHEMA
    ships, shops = found.to_dicts()
    assert ships["gamma"] == ships["gamma_lower"] == pytest.approx(0.13 / 0.45)
    assert ships["herfindahl_plants"] == pytest.approx(0.1)
    assert ships["herfindahl_regions"] == pytest.approx(0.68) and ships["plants_count"] == 10
    raw = 2 * (1 / 2 - 7 / 15) ** 2
    assert shops["gamma"] == pytest.approx((raw - 0.5 / 90) / (0.5 * 89 / 90))
    assert ships["chance_lower"] < 0 < ships["chance_upper"]
    again = concentrate(
        CELLS.filter(industry="ships"),
        PLANTS,
        regions=pl.DataFrame({"region": ["a", "b", "c"], "employment": [500.0, 500, 0]}),
        draws=50,
    ).row(0, named=True)
    assert again == ships  # other industries do not move its draws


def test_withheld_cells_give_bounds() -> None:
    truth = concentrate(CELLS, PLANTS, draws=9).to_dicts()[0]["gamma"]
    hidden = CELLS.with_columns(
        pl.Series("employment", [None, 20.0, 420, 480, 0]),
        pl.Series("employment_lower", [60.0, None, None, None, None]),
        pl.Series("employment_upper", [100.0, None, None, None, None]),
    )
    sizes = pl.DataFrame({"region": ["a", "b", "c"], "employment": [500.0, 500, 0]})
    row = concentrate(hidden, PLANTS, regions=sizes, draws=9).row(0, named=True)
    assert row["gamma"] is None is row["employment"] is row["p_value"]
    assert row["gamma_lower"] <= truth <= row["gamma_upper"]
    # at 60 and at 100 jobs: s = 0.75 and 0.8333
    ends = [co.ellison_glaeser([s, 1 - s], [0.5, 0.5], 0.1).gamma for s in (0.75, 100 / 120)]
    assert [row["gamma_lower"], row["gamma_upper"]] == pytest.approx(ends)
    row = concentrate(hidden.drop("employment_upper"), PLANTS, regions=sizes, draws=9).row(
        0, named=True
    )
    assert row["gamma_upper"] == pytest.approx(co.ellison_glaeser([1, 0], [0.5, 0.5], 0.1).gamma)


@pytest.mark.parametrize(
    ("cells", "plants", "regions", "message"),
    [
        (CELLS, PLANTS.filter(industry="ships"), None, "'shops' has no plants"),
        (pl.concat([CELLS, CELLS[:1]]), PLANTS, None, r"row 6 \(region 'a', industry 'ships'\)"),
        (CELLS, PLANTS, {"region": ["a"], "employment": [1.0]}, "region 'b' has cells and no size"),
        (CELLS, PLANTS, {"region": ["a", "a"], "employment": [1.0, 2]}, "two sizes"),
        (CELLS, PLANTS.with_columns(pl.lit(None, pl.Float64).alias("size")), None, "no size"),
    ],
)
def test_wrong_tables_are_refused(
    cells: pl.DataFrame, plants: pl.DataFrame, regions: dict | None, message: str
) -> None:
    with pytest.raises(MetricInput, match=message):
        concentrate(cells, plants, regions=None if regions is None else pl.DataFrame(regions))


def test_command_with_size_classes(tmp_path: Path, cli: Cli) -> None:
    cells, classes, folder = tmp_path / "c.csv", tmp_path / "p.csv", tmp_path / "o"
    CELLS.rename({"region": "land"}).write_csv(cells)
    classes.write_text(
        "industry,establishments,size_lower,size_upper\nships,9,1,9\nships,1,20,\nshops,90,5,19\n"
    )
    arguments = [
        "metrics",
        "concentration",
        "--input",
        str(cells),
        "--region",
        "land",
        "--industry",
        "industry",
        "--employment",
        "employment",
        "--plants",
        str(classes),
        "--output",
        str(folder),
        "--draws",
        "99",
        "--format",
        "csv",
    ]
    code, text = cli(*arguments)
    assert code == 0 and "2 industries" in text
    row = pl.read_csv(folder / "industries.csv").row(0, named=True)
    plants = co.plants_from_bins([9, 1], [1, 20], [9, np.inf], total=100)
    assert row["herfindahl_plants"] == pytest.approx(co.herfindahl(plants.sizes))
    classes.write_text(
        "industry,establishments,size_lower,size_upper\nships,9,1,9\nshops,90,5,19\n"
    )
    code, text = cli(*arguments)
    assert (
        code == 2 and "plants of industry 'ships': 9 plants of these classes have 9 to 81" in text
    )
