"""Our figures against the Growth Lab's Python package, with its conventions, cell by cell.

`ecomplexity` is there for tests and benchmarks only.
"""

from __future__ import annotations

import itertools
import tomllib
import warnings

import numpy as np
import polars as pl
import pytest

from pipelines.metrics.complexity_table import panels, tables
from tests.conftest import PROJECT_ROOT

CODE = ("pipelines", "dbt_project", "expectations", "dashboards")
KEYS = ["location", "product"]


@pytest.mark.parametrize("shape", [(25, 60), (60, 25)])
@pytest.mark.parametrize("presence", ["rca", "given"])
def test_every_output_is_that_of_the_peer(shape: tuple[int, int], presence: str) -> None:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ecomplexity import ecomplexity

    draw = np.random.default_rng(11)
    values = np.exp(draw.normal(0, 2, size=shape)) * (draw.random(shape) < 0.7)
    if presence == "given":
        values = (values > 1).astype(float)
    rows = pl.DataFrame(
        [(f"l{i:02d}", f"p{j:02d}", x) for (i, j), x in np.ndenumerate(values)],
        schema=[*KEYS, "value"],
        orient="row",
    )
    (panel,) = panels(rows, presence=presence)
    found = tables(panel, presence=presence, self_proximity="include", normalise="population")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = ecomplexity(
            pd.DataFrame(rows.to_dict(as_series=False)).assign(time=1),
            {"time": "time", "loc": "location", "prod": "product", "val": "value"},
            presence_test="manual" if presence == "given" else "rca",
            check_logsupermodularity=False,
            verbose=False,
        ).sort_values(KEYS)
    cells = found.cells.join(found.locations.drop("period"), on="location")
    cells = cells.join(found.products.drop("period"), on="product").sort(KEYS)
    for ours, name in (
        ("m", "mcp"), ("diversity", "diversity"), ("ubiquity", "ubiquity"), ("eci", "eci"),
        ("pci", "pci"), ("density", "density"), ("coi", "coi"), ("cog", "cog"), ("rca", "rca"),
    ):  # fmt: skip
        if (ours, presence) != ("rca", "given"):
            assert cells[ours].to_numpy() == pytest.approx(theirs[name].to_numpy(), abs=1e-9), ours


def test_the_peer_is_no_dependency() -> None:
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
    extras = itertools.chain(*project["optional-dependencies"].values())
    assert not [name for name in [*project["dependencies"], *extras] if "ecomplexity" in name]
    files = itertools.chain(*((PROJECT_ROOT / name).rglob("*.py") for name in CODE))
    assert not [str(file) for file in files if "import ecomplexity" in file.read_text()]
