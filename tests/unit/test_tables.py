"""Tables that a user hands to `clusterkpi metrics`."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.commands.tables import TableFormat, read_table, write_table
from pipelines.errors import ConfigError


def test_codes_stay_text_and_empty_figures_are_null(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("region,cluster,jobs,other\n06,NA,12.5,x\n01,null, ,y\n")
    rows = read_table(file, keys=["region", "cluster"], figures=["jobs"])
    assert rows.to_dicts() == [
        {"region": "06", "cluster": "NA", "jobs": 12.5},
        {"region": "01", "cluster": "null", "jobs": None},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region,jobs\n01,3\n02,many\n", "row 2, column 'jobs': 'many' is no finite number"),
        ("region,jobs\n01,inf\n", "row 1, column 'jobs': 'inf'"),
        ("region,jobs\n01,3\n ,4\n", "row 2, column 'region': empty"),
        ("area,jobs\n01,3\n", "no column 'region'; there are 'area', 'jobs'"),
        ("region,jobs\n01,3,4\n", "cannot be read"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "cells.csv"
    file.write_text(text)
    with pytest.raises(ConfigError) as refused:
        read_table(file, keys=["region"], figures=["jobs"])
    assert message in str(refused.value) and "cells.csv" in str(refused.value)


def test_a_missing_file_and_a_strange_ending_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        read_table(tmp_path / "none.csv", keys=["a"], figures=[])
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    with pytest.raises(ConfigError, match=r"only \.csv"):
        read_table(tmp_path / "book.xlsx", keys=["a"], figures=[])


@pytest.mark.parametrize("kind", list(TableFormat))
def test_what_is_written_can_be_read(tmp_path: Path, kind: TableFormat) -> None:
    rows = pl.DataFrame({"region": ["06"], "jobs": [1.5]})
    file = write_table(rows, tmp_path / "new", "cells", kind)
    assert read_table(file, keys=["region"], figures=["jobs"]).equals(rows)
