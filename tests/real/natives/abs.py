"""Businesses by small area from the Australian Bureau of Statistics, laid out anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.http.classify import Media
from pipelines.http.replay_bodies import table_as_csv
from pipelines.landing import Landed
from pipelines.sources.abs import SOURCE
from tests.real.native import Account, Native, account, landed

NATIVES: list[Native] = []
FILE = "australia/abs/cabee_sa2.parquet"


def delivery(data: Path, scratch: Path) -> Landed:
    body = table_as_csv(pl.read_parquet(data / FILE))
    return landed(scratch, body, Media.CSV, "https://data.api.abs.gov.au/rest/data/all")


def accounts(data: Path) -> Iterator[Account]:
    with TemporaryDirectory() as scratch:
        yield from account(SOURCE, "cabee_sa2", [delivery(data, Path(scratch))], FILE)
