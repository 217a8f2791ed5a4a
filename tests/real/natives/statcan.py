"""Businesses by month from Statistics Canada: figures laid out anew, beside the native file about
the table."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.http.classify import Media
from pipelines.landing import Landed
from pipelines.sources.statcan import SOURCE
from tests.real.native import Account, Native, account, landed

NATIVES: list[Native] = []
FOLDER = Path("canada/statcan_33100270")
FIGURES = "fact_business_dynamics_long_monthly.csv.gz"
TABLE = "33100270"


def delivery(data: Path, scratch: Path) -> Landed:
    """Both files as the members of the zip that the office sends."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        figures = gzip.decompress((data / FOLDER / FIGURES).read_bytes())
        archive.writestr(f"{TABLE}.csv", figures)
        about = data / FOLDER / f"{TABLE}_MetaData.csv"
        archive.writestr(about.name, about.read_bytes())
    url = f"https://www150.statcan.gc.ca/n1/tbl/csv/{TABLE}-eng.zip"
    return landed(scratch, sink.getvalue(), Media.ZIP, url)


def accounts(data: Path) -> Iterator[Account]:
    with TemporaryDirectory() as scratch:
        replies = [delivery(data, Path(scratch))]
        yield from account(SOURCE, TABLE, replies, (FOLDER / FIGURES).as_posix())
