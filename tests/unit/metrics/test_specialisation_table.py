"""Specialisation of a named table, and the command that reads one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.errors import ConfigError, MetricInput
from pipelines.metrics.specialisation_table import CELL_SCHEMA, specialise

ROWS = {
    "region": ["a", "a", "a", "b", "b", "b"],
    "cluster": ["ships", "cars", "shops", "ships", "cars", "shops"],
    "class": ["traded", "traded", "local"] * 2,
    "employment": [30.0, 70, 100, 10, 290, 500],
}


def table(**changes: list) -> pl.DataFrame:
    return pl.DataFrame({**ROWS, **changes})


def by_key(frame: pl.DataFrame, column: str) -> dict:
    return {(r["region"], r["cluster"]): r[column] for r in frame.iter_rows(named=True)}


def test_within_class_by_hand() -> None:
    """Traded: a 100, b 300, nation 400 with 40 ships: (30/100)/(40/400) = 3."""
    result = specialise(table(), draws=20)
    assert result.cells.schema == CELL_SCHEMA
    lq = by_key(result.cells, "lq")
    assert lq["a", "ships"] == pytest.approx(3)
    assert lq["b", "ships"] == pytest.approx(1 / 3)
    assert lq["a", "shops"] == 1.0  # the only local cluster
    assert by_key(result.cells, "region_share")["a", "ships"] == 0.75


def test_within_all_by_hand() -> None:
    """All: a 200, b 800, nation 1,000: ships (30/200)/(40/1000) = 3.75, shops (100/200)/0.6."""
    lq = by_key(specialise(table().drop("class"), draws=20).cells, "lq")
    assert lq["a", "ships"] == pytest.approx(3.75)
    assert lq["a", "shops"] == pytest.approx(0.5 / 0.6)


def test_benchmark_totals_and_their_classes() -> None:
    """Nation: 100 ships of 1,000 traded jobs: (30/100)/(100/1000) = 3; region's share 30/100."""
    benchmark = pl.DataFrame(
        {
            "cluster": ["ships", "cars", "planes", "shops"],
            "employment": [100.0, 600, 300, 5000],
            "class": ["traded", "traded", "traded", "local"],
        }
    )
    result = specialise(table(), benchmark=benchmark, draws=20)
    lq, share = by_key(result.cells, "lq"), by_key(result.cells, "region_share")
    assert lq["a", "ships"] == pytest.approx(3) and share["a", "ships"] == pytest.approx(0.3)
    assert lq["b", "cars"] == pytest.approx(290 / 300 / 0.6)
    ends = by_key(result.cells, "lq_lower"), by_key(result.cells, "lq_upper")
    for key, value in lq.items():
        assert ends[0][key] == pytest.approx(value) and ends[1][key] == pytest.approx(value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"cluster": ["ships"], "employment": [1.0]}, "lacks cluster 'cars'"),
        (
            {"cluster": ["ships", "cars", "shops", "x"], "employment": [1.0, 1, 1, 1]},
            "'x' has no class",
        ),
        ({"cluster": ["ships", "ships"], "employment": [1.0, 1]}, "'ships' twice"),
        (
            {"cluster": ["ships", "cars", "shops"], "employment": [1.0, None, 1]},
            "'cars' has no employment",
        ),
        (
            {"cluster": ["ships"], "employment": [1.0], "class": ["local"]},
            "'ships' is 'local' in the benchmark, 'traded' in the cells",
        ),
    ],
)
def test_a_wrong_benchmark_is_refused(rows: dict, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        specialise(table(), benchmark=pl.DataFrame(rows))


def test_a_small_benchmark_is_said() -> None:
    benchmark = pl.DataFrame(
        {"cluster": ["ships", "cars", "shops"], "employment": [39.0, 400, 900]}
    )
    notes = specialise(table(), benchmark=benchmark, draws=5).notes
    assert any("fewer jobs" in note and "ships" in note for note in notes)


def test_withheld_is_never_zero() -> None:
    """a/ships withheld, 20 to 99: it has bounds, no point; every other point lies in its bounds.

    LQ is 20·390/(90·30) = 2.89 at the least, 99·469/(169·109) = 2.52 at the greatest, and more
    between them: not monotone.
    """
    jobs = [None, 70.0, 100, 10, 290, 500]
    low = [20.0, None, None, None, None, None]
    high = [99.0, None, None, None, None, None]
    result = specialise(
        table(employment=jobs, employment_lower=low, employment_upper=high), draws=20
    )
    row = result.cells.row(0, named=True)
    assert row["region_share"] is row["lq"] is row["slq"] is row["p_value"] is None
    assert row["lq_lower"] == pytest.approx(99 * 469 / (169 * 109))
    # slope's sign: e* = (700 + sqrt(700·360·300)) / 290 = 32.4 lies inside 20 to 99
    star = (700 + np.sqrt(700 * 360 * 300)) / 290
    assert row["lq_upper"] == pytest.approx(star * (star + 370) / ((star + 70) * (star + 10)))
    for cell in result.cells.iter_rows(named=True):
        if cell["lq"] is not None:
            assert cell["lq_lower"] - 1e-12 <= cell["lq"] <= cell["lq_upper"] + 1e-12
    cars = result.cells.row(1, named=True)
    assert cars["lq"] == pytest.approx((70 / 129.5) / (360 / 429.5))  # 59.5, the middle
    assert cars["lq_upper"] == pytest.approx((70 / 90) / (360 / 390))
    assert any("1 of 6 cells are withheld" in note for note in result.notes)


def test_nothing_known_of_a_withheld_cell() -> None:
    result = specialise(table(employment=[None, 70.0, 100, 10, 290, 500]), draws=20)
    row = result.cells.row(0, named=True)
    assert row["lq"] is None and row["lq_lower"] == 0.0 and row["lq_upper"] > 1
    cars = result.cells.row(1, named=True)
    assert cars["lq"] == cars["lq_upper"] or cars["lq"] == cars["lq_lower"]


def test_a_published_total_of_the_region_solves_the_cell() -> None:
    totals = pl.DataFrame(
        {
            "region": ["a", "b", "a", "b"],
            "class": ["traded", "traded", "local", "local"],
            "employment": [100.0, 300, 100, 500],
        }
    )
    hidden = table(employment=[None, 70.0, 100, 10, 290, 500])
    row = specialise(hidden, region_totals=totals, draws=20).cells.row(0, named=True)
    assert row["lq"] is None
    assert row["lq_lower"] == pytest.approx(3) and row["lq_upper"] == pytest.approx(3)
    totals = totals.with_columns(pl.Series("employment", [60.0, 300, 100, 500]))
    with pytest.raises(MetricInput, match="region 'a' has a total of 60, its cells sum to 70"):
        specialise(hidden, region_totals=totals)


def test_an_absent_cell_is_a_zero_without_a_row() -> None:
    sparse, full = (
        table().filter(pl.col("employment") != 10),
        table(employment=[30.0, 70, 100, 0, 290, 500]),
    )
    one, two = specialise(sparse, draws=20).cells, specialise(full, draws=20).cells
    assert one.height == 5
    zero = two.row(3, named=True)
    assert zero["lq"] == 0.0 == zero["region_share"] == zero["lq_upper"]
    assert zero["slq"] is None and zero["strong"] is False
    both = one.join(two, on=["region", "cluster"], suffix="_full")
    assert both["lq"].to_list() == both["lq_full"].to_list()


def test_identities_over_a_whole_table() -> None:
    rng = np.random.default_rng(1)
    regions, clusters = [f"r{i}" for i in range(30)], [f"c{i}" for i in range(8)]
    cells = pl.DataFrame(
        [
            {"region": r, "cluster": c, "class": "xy"[i % 2], "employment": float(jobs)}
            for r in regions
            for i, c in enumerate(clusters)
            if (jobs := rng.integers(0, 300)) > 60
        ]
    )
    result = specialise(cells, draws=10).cells
    joined = cells.join(result, on=["region", "cluster"])
    shares = joined.group_by("cluster").agg(pl.col("region_share").sum())
    assert shares["region_share"].to_numpy() == pytest.approx(np.ones(8))
    size = joined.group_by("region", "class").agg(pl.col("employment").sum().alias("size"))
    nation = joined.group_by("class").agg(pl.col("employment").sum().alias("nation"))
    weighted = joined.join(size, on=["region", "class"]).join(nation, on="class")
    mean = weighted.group_by("cluster").agg(
        (pl.col("lq") * pl.col("size") / pl.col("nation")).sum()
    )
    assert mean["lq"].to_numpy() == pytest.approx(np.ones(8))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"employment": [-1.0, 1, 1, 1, 1, 1]}, r"row 1 .*region 'a', cluster 'ships'.*negative"),
        ({"region": ["a", "a", "a", "a", "b", "b"]}, r"row 4 .*second time"),
        ({"class": ["traded", "traded", "local", "local", "traded", "local"]}, "several classes"),
        ({"employment_lower": [31.0, 0, 0, 0, 0, 0]}, "row 1 .*outside its bounds"),
    ],
)
def test_a_wrong_table_is_refused_by_row(changes: dict, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        specialise(table(**changes))


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["metrics", "specialisation", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_command_writes_cells_of_the_users_columns(tmp_path: Path) -> None:
    source, folder = tmp_path / "mine.csv", tmp_path / "out"
    source.write_text(
        "land,group,jobs,kind,firms\n01,ships,30,traded,3\n01,cars,70,traded,9\n"
        "02,ships,10,traded,2\n02,cars,290,traded,20\n02,shops,,local,4\n01,shops,0,local,\n"
    )
    rule, national = tmp_path / "rule.toml", tmp_path / "national.csv"
    rule.write_text("[base]\nmeasures = ['employment']\n[strong]\nquantile = 0.5\n")
    national.write_text("cluster,employment\nships,100\ncars,900\nshops,70\n")
    arguments = ["--input", str(source), "--region", "land", "--cluster", "group"]
    arguments += ["--employment", "jobs", "--output", str(folder), "--draws", "20"]
    printed = run(*arguments, "--class", "kind", "--establishments", "firms", "--format", "csv")
    cells = pl.read_csv(folder / "cells.csv", infer_schema_length=None)
    assert cells.columns == list(CELL_SCHEMA)
    assert cells["lq"][0] == pytest.approx(3) and cells["lq"][4] is None
    assert "base rule: employment and establishments" in printed
    printed = run(
        *arguments,
        "--within",
        "all",
        "--class",
        "kind",
        "--benchmark",
        str(national),
        "--strength-rule",
        str(rule),
    )
    cells = pl.read_parquet(folder / "cells.parquet")
    assert cells.schema == CELL_SCHEMA
    assert cells["lq"][0] == pytest.approx(0.3 / (100 / 1070))
    assert "base rule: employment" in printed and "and establishments" not in printed
    with pytest.raises(ConfigError, match="--within class needs --class"):
        run(*arguments, "--within", "class")
    rule.write_text("[weak]\n")
    with pytest.raises(ConfigError, match=r"rule\.toml: the rule: unknown weak"):
        run(*arguments, "--strength-rule", str(rule))
    source.write_text(source.read_text() + "01,ships,5,traded,1\n")
    with pytest.raises(ConfigError, match=r"mine\.csv: row 7 \(region '01', cluster 'ships'\)"):
        run(*arguments)


def test_without_establishments_the_command_says_so(tmp_path: Path) -> None:
    source = tmp_path / "mine.csv"
    table().write_csv(source)
    printed = run(
        "--input",
        str(source),
        "--region",
        "region",
        "--cluster",
        "cluster",
        "--employment",
        "employment",
        "--output",
        str(tmp_path / "o"),
        "--draws",
        "5",
    )
    assert "base of the strength rule is employment alone" in printed
    limits = pl.read_parquet(tmp_path / "o" / "thresholds.parquet")
    assert limits["base_rule"].unique().to_list() == ["employment"]
