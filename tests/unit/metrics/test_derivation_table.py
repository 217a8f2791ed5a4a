"""A definition set made from planted clusters, and the command that writes one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.commands.clusters import _numbers
from pipelines.errors import ConfigError, MetricInput
from pipelines.metrics.derivation_table import derive
from tests.conftest import Cli
from tests.unit.metrics.test_derivation import planted

CODES = [f"{3100 + 10 * g + i}" for g in range(6) for i in range(8)]
LOCAL = ["4411", "4412", "4421"]


def cells(seed: int = 1) -> pl.DataFrame:
    """Planted industries, which are concentrated, and three that are everywhere."""
    jobs, _, _ = planted(seed)
    shops = jobs.sum(axis=1, keepdims=True) * [2.0, 1.5, 1]
    table = np.hstack([jobs, shops])
    return pl.DataFrame(
        [
            {"region": f"{r:03d}", "industry": code, "employment": float(value)}
            for r, row in enumerate(table)
            for code, value in zip([*CODES, *LOCAL], row, strict=True)
        ]
    )


OPTIONS = {"scheme": "mine", "version": "1", "industry_scheme": "OWN", "sizes": [4, 6, 9]}


def test_planted_clusters_become_a_set() -> None:
    found = derive(cells(), **OPTIONS, compare={code: code[:3] for code in CODES})
    best = found.quality.row(0, named=True)
    assert best["is_chosen"] and best["clusters_count"] == 6 and best["agreement"] > 0.95
    sets = found.definitions
    assert sets.filter(pl.col("class") == "local")["industry_code"].to_list() == LOCAL
    assert set(sets.filter(pl.col("class") == "local")["cluster"]) == {"L 441", "L 442"}
    assert sets.filter(pl.col("class") == "traded").height == 48
    assert found.quality.height == 7 and found.clusters["industries_count"].sum() == 48
    assert (found.clusters["within"] > found.clusters["between_greatest"]).all()
    again = derive(cells(), **OPTIONS, compare={code: code[:3] for code in CODES})
    assert again.definitions.equals(sets) and again.quality.equals(found.quality)


def test_flows_and_establishments_take_part() -> None:
    more = cells().with_columns((pl.col("employment") / 7).alias("establishments"))
    hidden = more.with_columns(
        pl.when(pl.int_range(pl.len()) % 9 == 0)
        .then(None)
        .otherwise("employment")
        .alias("employment")
    )
    groups = sorted({code[:3] for code in CODES})
    flows = pl.DataFrame(
        [
            {"supplier": a, "user": b, "value": 9.0 if a == b else 1.0}
            for a in groups
            for b in groups
        ]
    )
    belongs = pl.DataFrame({"industry_code": groups, "flow_code": groups})
    found = derive(hidden, **OPTIONS, flows=flows, flow_codes=belongs)
    assert {"io_cluster_mean", "lc_establishments_cluster_p95"} <= set(found.quality.columns)
    assert found.quality["clusters_count"][0] == 6
    with pytest.raises(MetricInput, match="neither jobs nor"):
        derive(hidden.drop("establishments"), **OPTIONS)
    with pytest.raises(MetricInput, match="flow_codes"):
        derive(more, **OPTIONS, flows=flows)
    with pytest.raises(MetricInput, match="no industry of the cells"):
        derive(
            more,
            **OPTIONS,
            flows=flows,
            flow_codes=pl.DataFrame({"industry_code": ["9"], "flow_code": ["310"]}),
        )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pl.concat([cells(), cells()[:1]]), "industry '3100' twice"),
        (cells().with_columns(-pl.col("employment")), "negative"),
        (cells().filter(pl.col("industry").is_in(CODES[:6] + LOCAL)), "too few for 9 clusters"),
    ],
)
def test_wrong_cells_are_refused(table: pl.DataFrame, message: str) -> None:
    with pytest.raises(MetricInput, match=message):
        derive(table, **OPTIONS)


def test_command_writes_a_set_that_passes_the_check(tmp_path: Path, cli: Cli) -> None:
    source, folder = tmp_path / "cells.csv", tmp_path / "out"
    cells().write_csv(source)
    arguments = [
        "clusters",
        "derive",
        "--cells",
        str(source),
        "--output",
        str(folder),
        "--clusters",
        "4-6/2",
        "--industry-scheme",
        "OWN",
        "--scheme",
        "mine",
    ]
    code, text = cli(*arguments)
    assert code == 0 and "6 traded clusters of 48 industries" in text
    first = (folder / "definitions.csv").read_text()
    assert cli("clusters", "check", str(folder / "definitions.csv"))[0] == 0
    assert cli(*arguments)[0] == 0 and (folder / "definitions.csv").read_text() == first
    assert pl.read_csv(folder / "quality.csv").height == 5
    code, text = cli(*arguments, "--function", "median")
    assert code == 2 and "ward or kmeans" in text
    code, text = cli("clusters", "derive", "--output", str(folder), "--home", str(tmp_path))
    assert code == 2 and "no County Business Patterns" in text
    code, text = cli("clusters", "derive", "--output", str(folder), "--flows", str(source))
    assert code == 2 and "go with --cells" in text


def test_set_from_what_a_refresh_landed(demo_home: Path, tmp_path: Path, cli: Cli) -> None:
    folder = tmp_path / "out"
    code, text = cli(
        "clusters",
        "derive",
        "--home",
        str(demo_home),
        "--output",
        str(folder),
        "--clusters",
        "8",
        "--function",
        "ward",
    )
    assert code == 0, text
    assert "agreement with clusterkpi" in text
    assert cli("clusters", "check", str(folder / "definitions.csv"))[0] == 0
    assert "io_cluster_mean" in pl.read_csv(folder / "quality.csv").columns


def test_numbers_of_clusters() -> None:
    assert _numbers("20-45/5") == [20, 25, 30, 35, 40, 45]
    assert _numbers("30, 10-12") == [10, 11, 12, 30]
    for wrong in ("", "x", "5-3", "0", "3-9/0"):
        with pytest.raises(ConfigError):
            _numbers(wrong)
