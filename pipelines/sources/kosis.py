"""Korea, National Tax Service through KOSIS: businesses in operation by district and kind.

Quirks:
- Headers are Korean. A dimension has two columns, its code under `[…]name` and its label under
  `name`: `시군구별` is the district, `사업자별` the kind of business, `시점` the time (`2010 년`),
  and `가동사업자 현황[명]` the number of businesses.
- Kinds overlap: the total (총계) is corporations (법인) and individuals (개인사업자), and these
  are general (일반사업자), simplified (간이사업자) and exempt (면세사업자): never sum
  over all rows. A district and year has all six or is not there: so a row that is missing shows.
- Names of districts are not unique (there is a 중구 in six cities): only the code is. Its ninth
  and tenth characters are the province; `15133JYB0D0GA01` is Sejong, under its neighbour's code.
- Districts were merged and renamed: some end in 2012, others begin there.
- Files may be in CP949 instead of UTF-8, and figures may be `-` (nothing) or `X` (withheld).

Unconfirmed: a route for programs. The interface of KOSIS takes its key in the address only, where
every log would keep it. So the source is off when it is live, until an address is set under which
the export is kept as `businesses.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, prove_csv, read_csv
from pipelines.sources.national import address, decoded, off_when_live

_EXPORTS = "https://kosis.kr/statHtml/DT_133001N_1011"
_KINDS = {
    "총계": "total",
    "법인": "corporation",
    "개인사업자": "individual",
    "일반사업자": "individual_general",
    "간이사업자": "individual_simplified",
    "면세사업자": "individual_exempt",
}
_CODE = re.compile(r"\[\w+\]\s*(\S+)")
# Our name → how the Korean header begins; codes stand under `[…]` and the same header.
_LABELS = {
    "district_name": "시군구별",
    "business_kind": "사업자별",
    "period_year": "시점",
    "businesses_count": "가동사업자",
}
_GROUP = ("period_year", "district_code_kosis")

BUSINESSES = Table(
    "businesses",
    (
        Column("period_year", "integer", required=True, minimum=2000, maximum=2100),
        Column("district_code_kosis", required=True, pattern=r"\d{5}JYB\w{4,7}"),
        Column("district_name", required=True),
        Column("business_kind", required=True, allowed=tuple(_KINDS.values())),
        Column(
            "businesses_count",
            "integer",
            codes={"X": "suppressed", "-": "missing"},
            minimum=0,
        ),
    ),
    key=(*_GROUP, "business_kind"),
    period="period_year",
)


class Kosis(Source):
    """Businesses in operation; the only part is the table."""

    id = "kosis"
    title = "Businesses in operation by district (national tax statistics)"
    publisher = "National Tax Service of Korea, through KOSIS"
    homepage = "https://kosis.kr/eng/"
    cadence = "once a year"
    max_age_days = 500
    licence = Licence(
        "KOGL-1",
        "Korea Open Government License, type 1 (attribution)",
        "https://www.kogl.or.kr/info/licenseTypeEn.do",
        "National Tax Service of Korea, Statistical Yearbook of National Tax, through KOSIS",
    )
    tables = (BUSINESSES,)

    def off(self, settings: Settings) -> str:
        return off_when_live(self.id, "KOSIS takes its key in the address only", settings)

    def parts(self, settings: Settings) -> list[str]:
        return ["businesses"]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        if answers:
            return None
        url = f"{address(self.id, _EXPORTS, settings)}/{part}.csv"
        return RequestSpec(self.id, part, url, media=Media.CSV, static=True)

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """A whole table in which every district and year has all kinds of business.

        Raises:
            Incomplete: one lacks a kind, or the last row is cut.
        """
        reply = replies[-1]
        prove_csv(reply)
        rows = _rows(reply)
        short = (
            rows.group_by(_GROUP)
            .agg(pl.col("business_kind").n_unique().alias("kinds"))
            .filter(pl.col("kinds") < len(_KINDS))
            .sort(_GROUP)
        )
        if short.height:
            year, district, kinds = short.row(0)
            raise Incomplete(
                Outcome.TRUNCATED,
                f"{reply.name}: {short.height} districts and years lack kinds of business, the "
                f"first of them {district}, {year} with {kinds} of {len(_KINDS)}: rows are missing",
            )
        return Proof(str(rows["period_year"].max()))

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        yield Chunk("businesses", _rows(replies[-1]))


def _rows(reply: Landed) -> pl.DataFrame:
    rows = read_csv(decoded(reply.read(), "cp949"), reply.name)
    headers = {header.strip(): header for header in rows.columns}
    found: dict[str, str] = {}
    for name, label in _LABELS.items():
        if matches := [headers[h] for h in headers if h.startswith(label)]:
            found[name] = matches[0]
    for text, header in headers.items():
        if (match := _CODE.fullmatch(text)) and match[1] == _LABELS["district_name"]:
            found["district_code_kosis"] = header
    if lost := {*_LABELS, "district_code_kosis"} - set(found):
        raise SchemaDrift(
            f"{reply.name}: no column for {', '.join(sorted(lost))}; the file has "
            f"{', '.join(h for h in headers if h != '_row_no')[:300]}"
        )
    kind, year = pl.col(found["business_kind"]), pl.col(found["period_year"])
    return rows.select(
        "_row_no",
        year.str.strip_chars().str.replace(r"\s*년$", "").alias("period_year"),
        pl.col(found["district_code_kosis"]).alias("district_code_kosis"),
        pl.col(found["district_name"]).alias("district_name"),
        kind.str.strip_chars().replace(_KINDS).alias("business_kind"),
        pl.col(found["businesses_count"]).alias("businesses_count"),
    )


SOURCE = Kosis()
