"""CEPII BACI: reconciled bilateral trade at HS 6 digits, one zip per HS revision and version.

Quirks:
- Once a year the whole history is rebuilt: a release is one part, releases are never mixed. The
  release (HS revision and version) is a setting, so that a new one is taken on purpose.
- `k` is text with leading zeros, which some copies have lost: it is padded to six digits.
- `q` is padded text, with `NA` for missing (about 2 percent); `v` is thousand current USD, FOB.
- A version holds all years up to the second one before its own.
- Only positive flows are listed: an absent row says nothing by itself (see INDICATORS rule Z2 in
  the methodology).
- Economy codes are Comtrade-like: 842 is the United States, 490 "Other Asia, nes" is Chinese
  Taipei. Two codes can share an ISO3 (58 and 56 Belgium, 711 and 710 South Africa).
- The code files changed headers between versions (`country_name` or `country_name_full`,
  `country_iso3` or `iso_3digit_alpha`) and are in Latin-1.
- 2.4 GB in all, 11 million rows a year: read from the zip in batches, never unpacked.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import ConfigError, Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import (
    Answer,
    Chunk,
    Licence,
    Proof,
    Source,
    http_date,
    prove_zip,
    read_csv,
    read_member,
    read_member_batches,
)

_BATCH_BYTES = 48 << 20  # about 1.5 million rows
_DIGITS = 6  # of a product code
_RELEASE = re.compile(r"(HS\d{2})_V(\d{6})")
_FLOWS = re.compile(r"BACI_HS\d{2}_Y(\d{4})_V\d{6}\.csv")

FLOWS = Table(
    "flows",
    (
        Column("period_year", "integer", "t", required=True, minimum=1988, maximum=2100),
        Column("exporter_code", "text", "i", required=True, pattern=r"\d{1,3}"),
        Column("importer_code", "text", "j", required=True, pattern=r"\d{1,3}"),
        Column("product_code", "text", "k", required=True, pattern=r"\d{6}"),
        Column("value_kusd", "decimal3", "v", required=True, minimum=0),
        Column("quantity_tonnes", "number", "q", missing=("NA",), minimum=0),
        Column("hs_revision", required=True),
        Column("baci_version", required=True),
    ),
    key=("period_year", "exporter_code", "importer_code", "product_code"),
    period="period_year",
)
ECONOMIES = Table(
    "economies",
    (
        Column("economy_code", required=True, pattern=r"\d{1,3}"),
        Column("economy_name", required=True),
        Column("economy_code_iso2"),
        Column("economy_code_iso3"),
        Column("baci_version", required=True),
    ),
    key=("economy_code",),
)
PRODUCTS = Table(
    "products",
    (
        Column("product_code", required=True, pattern=r"\d{6}"),
        Column("product_name", required=True),
        Column("hs_revision", required=True),
        Column("baci_version", required=True),
    ),
    key=("product_code",),
)
_ECONOMY_HEADERS = {
    "economy_code": ("country_code",),
    "economy_name": ("country_name", "country_name_full"),
    "economy_code_iso2": ("country_iso2", "iso_2digit_alpha"),
    "economy_code_iso3": ("country_iso3", "iso_3digit_alpha"),
}
_PRODUCT_HEADERS = {"product_code": ("code",), "product_name": ("description",)}


class Baci(Source):
    """BACI; a part is one release, for example `HS17_V202601`."""

    id = "baci"
    title = "BACI: International Trade Database at the Product Level"
    publisher = "CEPII"
    homepage = "https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37"
    cadence = "once a year, in January or February"
    max_age_days = 430
    licence = Licence(
        "etalab-2.0",
        "Etalab Open Licence 2.0",
        "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
        "CEPII, BACI; Gaulier, G. and Zignago, S. (2010), CEPII Working Paper 2010-23",
    )
    tables = (FLOWS, ECONOMIES, PRODUCTS)

    def parts(self, settings: Settings) -> list[str]:
        if not _RELEASE.fullmatch(settings.baci_release):
            raise ConfigError(
                f"CLUSTERKPI_BACI_RELEASE is {settings.baci_release!r}; it has to name one HS "
                "revision and one version, for example HS17_V202601"
            )
        return [settings.baci_release]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_{part}.zip"
        return RequestSpec(self.id, part, url, media=Media.ZIP, static=True, max_bytes=6 << 30)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole archive with no gap in its years, up to the second before its version.

        Raises:
            Incomplete: a year is missing, or a member is damaged.
        """
        prove_zip(replies[0])
        _, version = _release(part)
        with zipfile.ZipFile(replies[0].path) as archive:
            years = {int(m[1]) for name in archive.namelist() if (m := _FLOWS.fullmatch(name))}
        if years and (lost := set(range(min(years), int(version[:4]) - 1)) - years):
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{replies[0].name}: no file for {', '.join(map(str, sorted(lost)))}: a member is "
                "missing",
            )
        return Proof(f"V{version}", http_date(replies[0].last_modified))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        reply = replies[0]
        revision, version = _release(part)
        stamp = {"hs_revision": revision, "baci_version": version}
        with zipfile.ZipFile(reply.path) as archive:
            members = sorted(name for name in archive.namelist() if _FLOWS.fullmatch(name))
        foreign = [
            name
            for name in members
            if f"BACI_{revision}_" not in name or f"_V{version}." not in name
        ]
        if foreign or not members:
            raise SchemaDrift(
                f"{reply.name}: holds {', '.join(foreign) or 'no yearly file'} where only "
                f"BACI_{revision}_Y…_V{version}.csv belongs; versions are never mixed"
            )
        for member in members:
            for rows in read_member_batches(reply, member, _BATCH_BYTES):
                yield Chunk("flows", _padded(rows, "k").with_columns(**_literals(stamp)), member)
        member = f"country_codes_V{version}.csv"
        rows = _renamed(_code_file(reply, member), _ECONOMY_HEADERS, f"{reply.name}/{member}")
        yield Chunk("economies", rows.with_columns(**_literals(stamp)), member)
        member = f"product_codes_{revision}_V{version}.csv"
        rows = _renamed(_code_file(reply, member), _PRODUCT_HEADERS, f"{reply.name}/{member}")
        yield Chunk(
            "products", _padded(rows, "product_code").with_columns(**_literals(stamp)), member
        )


def _release(part: str) -> tuple[str, str]:
    match = _RELEASE.fullmatch(part)
    assert match is not None
    return match[1], match[2]


def _code_file(reply: Landed, member: str) -> pl.DataFrame:
    body = read_member(reply, member)
    try:
        body.decode("utf-8")
        encoding = "utf8"
    except UnicodeDecodeError:
        encoding = "latin-1"
    return read_csv(body, f"{reply.name}/{member}", encoding=encoding)


def _padded(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    if column not in rows.columns:
        return rows  # the contract will name what is missing
    lengths = rows[column].str.len_bytes()
    if rows.is_empty() or lengths.min() == lengths.max() == _DIGITS:
        return rows
    code = pl.col(column).str.strip_chars()
    short = code.str.contains(r"^\d{5}$")
    return rows.with_columns(pl.when(short).then("0" + code).otherwise(code).alias(column))


def _renamed(rows: pl.DataFrame, headers: dict[str, tuple[str, ...]], where: str) -> pl.DataFrame:
    renames = {}
    for name, known in headers.items():
        found = [header for header in known if header in rows.columns]
        if not found:
            raise SchemaDrift(
                f"{where}: none of the columns {', '.join(known)} is there; the file has "
                f"{', '.join(c for c in rows.columns if c != '_row_no')}"
            )
        renames[found[-1]] = name
    return rows.rename(renames)


def _literals(values: dict[str, str]) -> dict[str, pl.Expr]:
    return {name: pl.lit(value) for name, value in values.items()}


SOURCE = Baci()
