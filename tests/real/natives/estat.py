"""Wide tables of Japan's prefectures, each with the list of areas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.http.classify import Media
from pipelines.landing import Landed
from pipelines.sources.estat import SOURCE
from tests.real.native import Account, Native, account, landed

NATIVES: list[Native] = []
FOLDER = Path("japan/economic_census_2014_io_2015")
FILES = {"areas_industries": "ExplanatoryVariablesBase.csv", "io_2015": "IOTable.csv"}


def delivery(data: Path, scratch: Path, part: str) -> list[Landed]:
    """The list of areas and the table, as the night reads them."""
    return [
        landed(
            scratch,
            (data / FOLDER / name).read_bytes(),
            Media.CSV,
            f"https://www.e-stat.go.jp/stat-search/files/{name}",
        )
        for name in ("AreaID.csv", FILES[part])
    ]


def accounts(data: Path) -> Iterator[Account]:
    with TemporaryDirectory() as scratch:
        for part, name in FILES.items():
            replies = delivery(data, Path(scratch), part)
            yield from account(SOURCE, part, replies, (FOLDER / name).as_posix())
