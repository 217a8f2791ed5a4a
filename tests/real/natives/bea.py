"""Input-output tables of the BEA, one table a file: cells as in the workbooks, without titles."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipelines import contracts
from pipelines.sources.bea import CELLS, matrix, numbered
from tests.real.native import Account, Native

NATIVES: list[Native] = []
_NAME = re.compile(r"BEA_(Summary|Detail)_(Use|Make|Supply)_(?:SUT_)?(\d{4})_")


def table(path: Path) -> tuple[pl.DataFrame, int]:
    """The rows of a file for the contract, and how many cells it prints."""
    match = _NAME.match(path.name)
    assert match is not None
    body = path.read_bytes()
    body = gzip.decompress(body) if path.suffix == ".gz" else body
    sheet = pl.read_csv(body, has_header=False, infer_schema=False)
    cells = matrix(sheet, path.name).with_columns(period_year=pl.lit(match[3]))
    return numbered(cells, match[2].lower()), (sheet.height - 1) * (sheet.width - 1)


def accounts(data: Path) -> Iterator[Account]:
    for path in sorted((data / "us" / "bea_io").glob("BEA_*")):
        if _NAME.match(path.name):
            rows, printed = table(path)
            gated = contracts.apply(CELLS, rows, path.name)
            line = Account(path.relative_to(data).as_posix(), "bea__cells", printed)
            line.promoted = gated.good.height
            line.quarantined.update(gated.bad["rule"].to_list())
            yield line
