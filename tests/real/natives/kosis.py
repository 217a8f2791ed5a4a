"""Businesses by district of Korea: the columns of KOSIS, kept in another kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.http.classify import Media
from pipelines.http.replay_bodies import table_as_csv
from pipelines.landing import Landed
from pipelines.sources.kosis import SOURCE
from tests.real.native import Account, Native, account, landed

NATIVES: list[Native] = []
FILE = "korea/nts_active_businesses/businesses_2010_2024.parquet"


def delivery(data: Path, scratch: Path) -> Landed:
    body = table_as_csv(pl.read_parquet(data / FILE))
    return landed(scratch, body, Media.CSV, "https://kosis.kr/businesses.csv")


def accounts(data: Path) -> Iterator[Account]:
    with TemporaryDirectory() as scratch:
        yield from account(SOURCE, "businesses", [delivery(data, Path(scratch))], FILE)
