"""UN Comtrade: merchandise trade as reported, at HS 6 digits. Off without a key.

BACI is the base of the trade indicators; this is the second opinion, for newer years.

Quirks:
- The key goes in a header. As a parameter it would work as well, and stand in every log: never.
- Totals come together with their parts unless `partner2Code=0&customsCode=C00&motCode=0` is fixed.
- 100,000 rows are the cap of a call with a free key, 500 that of the preview without one, and a
  reply that was cut says so nowhere: `count` equal to the cap is taken for cut. It is split by
  period, then by flow, then by chapter of the HS (lists of the six-digit codes that the same
  reporter has with the world, since a chapter's own code asks for its sum).
- Addresses of more than 4,096 characters get a page: code lists are cut to fit.
- `getDa` lists data sets by reporter, period and classification with a checksum: read first, it is
  the signal of the part and says which periods there are.
- A period can be there in several classifications; `HS` asks for the one that was reported, and
  `classificationCode` says which it was (H3 to H6).
- `primaryValue` is CIF for imports and FOB for exports. `isReported` false, and
  `legacyEstimationFlag` other than 0, mark what was derived or estimated.
- `refMonth` is 52 in annual figures; `elapsedTime` changes with each reply and means nothing.
- 403 with "quota" parks the source until the time it names; 429 says how many seconds to wait.
- Chinese Taipei does not report; as a partner it is 490. The United States are 842.

The licence allows analysis and forbids passing the rows on in bulk: only what is derived from them
may be published.

Unconfirmed: the cap of a free key (100,000, or 500 for a trial), and whether `getDa` accepts a list
of periods.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from pipelines.contracts import Column, Table
from pipelines.errors import Incomplete, SchemaDrift
from pipelines.http.classify import Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.settings import Settings
from pipelines.sources.base import Answer, Chunk, Licence, Proof, Source, as_text

_BASE = "https://comtradeapi.un.org"
_DATA, _AVAILABLE = "/data/v1/get/C/A/HS", "/data/v1/getDa/C/A/HS"
_KEY_HEADER = "Ocp-Apim-Subscription-Key"
_CAP, _PREVIEW_CAP = 100_000, 500
_PERIODS_PER_CALL = 12
_LONGEST_LIST = 400  # six-digit codes in one address, far below 4,096 characters
_WORLD = "0"
# Field of the reply → column.
_FIELDS = {
    "period": "period_year",
    "reporterCode": "reporter_code",
    "partnerCode": "partner_code",
    "partner2Code": "partner2_code",
    "customsCode": "customs_code",
    "motCode": "transport_code",
    "flowCode": "flow_code",
    "cmdCode": "product_code",
    "classificationCode": "classification_code",
    "primaryValue": "value_usd",
    "netWgt": "net_weight_kg",
    "qty": "quantity",
    "qtyUnitCode": "quantity_unit_code",
    "isReported": "is_reported",
    "legacyEstimationFlag": "estimation_flag",
}
_TRUTH = ("true", "false")

FLOWS = Table(
    "flows",
    (
        Column("period_year", "integer", required=True, minimum=1962, maximum=2100),
        Column("reporter_code", required=True, pattern=r"\d{1,3}"),
        Column("partner_code", required=True, pattern=r"\d{1,3}"),
        Column("partner2_code", required=True, allowed=("0",)),  # others are parts of a total
        Column("customs_code", required=True, allowed=("C00",)),
        Column("transport_code", required=True, allowed=("0",)),
        Column("flow_code", required=True, allowed=("M", "X")),
        Column("product_code", required=True, pattern=r"\d{6}|TOTAL"),
        Column("classification_code", required=True, pattern=r"H\d"),
        Column("value_usd", "number", required=True, minimum=0),
        Column("net_weight_kg", "number", minimum=0),
        Column("quantity", "number", minimum=0),
        Column("quantity_unit_code"),
        Column("is_reported", allowed=_TRUTH),
        Column("estimation_flag"),
    ),
    key=("period_year", "reporter_code", "partner_code", "flow_code", "product_code"),
    period="period_year",
)


@cache
def reporters() -> dict[str, str]:
    """Comtrade code of a reporter → our id of the economy."""
    file = Path(__file__).with_name("comtrade_reporters.csv")
    with file.open(newline="") as lines:
        return {row["reporter_code"]: row["geo_id"] for row in csv.DictReader(lines)}


class Comtrade(Source):
    """Merchandise trade by product; a part is one reporter."""

    id = "comtrade"
    title = "UN Comtrade: merchandise trade by product"
    publisher = "United Nations Statistics Division"
    homepage = "https://comtradeplus.un.org/"
    cadence = "whenever an economy reports"
    max_age_days = 430
    licence = Licence(
        "UN-Comtrade",
        "UN Comtrade policy on use and re-dissemination",
        "https://uncomtrade.org/docs/policy-on-use-and-re-dissemination/",
        "United Nations, UN Comtrade Database",
        redistribute_raw=False,
    )
    tables = (FLOWS,)

    def off(self, settings: Settings) -> str:
        return "" if settings.comtrade_key.get_secret_value() else "no key: CLUSTERKPI_COMTRADE_KEY"

    def parts(self, settings: Settings) -> list[str]:
        return list(reporters())

    def part_signal(self, part: str, settings: Settings) -> RequestSpec:
        last = settings.plan_date.year - 1
        years = range(last - settings.comtrade_years + 1, last + 1)
        return self._spec(
            part, _AVAILABLE, settings, reporterCode=part, period=",".join(map(str, years))
        )

    def read_signal(self, body: bytes, part: str) -> str:
        found = _datasets(body, f"{_BASE}{_AVAILABLE}")
        text = "\n".join(sorted(f"{d['period']} {d['datasetChecksum']}" for d in found))
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def next_request(
        self, part: str, answers: Sequence[Answer], settings: Settings
    ) -> RequestSpec | None:
        """What there is; all products with the world; then with each partner that is wanted."""
        if not answers:
            return self.part_signal(part, settings)
        first = answers[0].landed
        periods = _periods(first.read(), first.name) if first else []
        asked = {answer.spec.public_url for answer in answers}
        for partner in (_WORLD, *settings.comtrade_partners):
            for at in range(0, len(periods), _PERIODS_PER_CALL):
                spec = self._spec(
                    part,
                    _DATA,
                    settings,
                    reporterCode=part,
                    period=",".join(periods[at : at + _PERIODS_PER_CALL]),
                    partnerCode=partner,
                    partner2Code="0",
                    customsCode="C00",
                    motCode="0",
                    flowCode="M,X",
                    cmdCode="AG6",
                )
                if spec.public_url not in asked:
                    return spec
        return None

    def _spec(self, part: str, path: str, settings: Settings, **params: str) -> RequestSpec:
        key = {_KEY_HEADER: settings.comtrade_key.get_secret_value()}
        return RequestSpec(
            self.id, part, f"{_BASE}{path}", tuple(params.items()), secret_headers=key
        )

    def truncated(self, spec: RequestSpec, reply: Landed) -> str:
        cap = _PREVIEW_CAP if "/preview" in spec.url else _CAP
        if spec.url.endswith(_AVAILABLE):
            return ""
        count, rows = _rows(reply)
        return f"{cap:,} rows are the cap of this call" if max(count, len(rows)) >= cap else ""

    def split(self, spec: RequestSpec, answers: Sequence[Answer] = ()) -> list[RequestSpec]:
        """Halves of the periods; each flow; chapters of the products traded with the world."""
        asked = dict(spec.params)
        for name in ("period", "flowCode"):
            values = asked.get(name, "").split(",")
            if len(values) > 1:
                middle = len(values) // 2
                return [
                    _asking(spec, name, ",".join(half))
                    for half in (values[:middle], values[middle:])
                ]
        codes = asked.get("cmdCode", "")
        if codes == "AG6":
            return [_asking(spec, "cmdCode", some) for some in _chapters(spec, answers)]
        values = codes.split(",")
        middle = len(values) // 2
        return [
            _asking(spec, "cmdCode", ",".join(half))
            for half in (values[:middle], values[middle:])
            if len(values) > 1
        ]

    def prove(self, part: str, replies: Sequence[Landed]) -> Proof:
        """As many rows as each reply counts, and all periods that are available, both ways.

        Raises:
            Incomplete: rows, a period or a flow are missing; or there is nothing yet.
            SchemaDrift: a reply is not what the interface gives.
        """
        available = _periods(replies[0].read(), replies[0].name)
        if not available:
            raise Incomplete(
                Outcome.NOT_YET_PUBLISHED, f"reporter {part} has no data set of these years yet"
            )
        came: set[tuple[str, str]] = set()
        for reply in replies[1:]:
            count, rows = _rows(reply)
            if count != len(rows):
                raise Incomplete(
                    Outcome.TRUNCATED,
                    f"{reply.name}: {len(rows):,} rows came, {count:,} were counted",
                )
            came |= {
                (str(row.get("period")), str(row.get("flowCode")))
                for row in rows
                if str(row.get("partnerCode")) == _WORLD
            }
        lacking = [f"{p} {f}" for p in available for f in ("M", "X") if (p, f) not in came]
        if lacking:
            raise Incomplete(
                Outcome.TRUNCATED,
                f"reporter {part}: no trade with the world came for {', '.join(lacking[:4])}, "
                "which is listed as available",
            )
        datasets = _datasets(replies[0].read(), replies[0].name)
        released = max((str(d.get("lastReleased") or "") for d in datasets), default="")
        return Proof(self.read_signal(replies[0].read(), part), _time(released))

    def canonical_sha256(self, part: str, replies: Sequence[Landed]) -> str:
        """Rows only, sorted: neither `elapsedTime` nor how it was split counts."""
        rows = [
            orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
            for reply in replies[1:]
            for row in _rows(reply)[1]
        ]
        return hashlib.sha256(b"\n".join(sorted(rows))).hexdigest()

    def parse(self, part: str, replies: Sequence[Landed]) -> Iterator[Chunk]:
        for number, reply in enumerate(replies[1:]):
            _, rows = _rows(reply)
            yield Chunk("flows", _frame(rows, reply.name), f"{number}")


def _asking(spec: RequestSpec, name: str, value: str) -> RequestSpec:
    params = tuple((key, value if key == name else old) for key, old in spec.params)
    return replace(spec, params=params)


def _chapters(spec: RequestSpec, answers: Sequence[Answer]) -> list[str]:
    """Lists of the products that the reporter has with the world, chapter by chapter."""
    if dict(spec.params).get("partnerCode") == _WORLD:
        return []  # a single period and flow with the world is far below any cap
    codes = {
        str(row.get("cmdCode"))
        for answer in answers
        if answer.landed and answer.landed.url.split("?")[0].endswith(_DATA)
        for row in _rows(answer.landed)[1]
        if str(row.get("partnerCode")) == _WORLD
    }
    lists = []
    for _, chapter in groupby(sorted(codes), key=lambda code: code[:2]):
        several = list(chapter)
        lists += [
            ",".join(several[at : at + _LONGEST_LIST])
            for at in range(0, len(several), _LONGEST_LIST)
        ]
    return lists


def _reply(body: bytes, where: str) -> dict[str, Any]:
    try:
        reply = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise SchemaDrift(f"{where}: not JSON ({error})") from error
    rows = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SchemaDrift(f"{where}: no list of rows under `data`")
    return reply


def _rows(reply: Landed) -> tuple[int, list[dict[str, Any]]]:
    """How many rows the reply counts, and its rows."""
    found = _reply(reply.read(), reply.name)
    count = found.get("count")
    if not isinstance(count, int) or isinstance(count, bool):
        raise SchemaDrift(f"{reply.name}: `count` is {count!r}")
    return count, found["data"]


def _datasets(body: bytes, where: str) -> list[dict[str, Any]]:
    """The list of data sets; names of fields have begun with capital letters, too."""
    found = [
        {key[:1].lower() + key[1:]: value for key, value in row.items()}
        for row in _reply(body, where)["data"]
    ]
    lost = {"period", "datasetChecksum"} - set(found[0]) if found else set()
    if lost:
        raise SchemaDrift(f"{where}: data sets have no {', '.join(sorted(lost))}")
    for row in found:
        if not str(row.get("period", "")).isdecimal() or row.get("datasetChecksum") is None:
            raise SchemaDrift(f"{where}: a data set lacks its period or checksum: {row}"[:300])
    return found


def _periods(body: bytes, where: str) -> list[str]:
    return sorted({str(row["period"]) for row in _datasets(body, where)})


def _frame(rows: list[dict[str, Any]], where: str) -> pl.DataFrame:
    lost = [name for name in _FIELDS if rows and name not in rows[0]]
    if lost:
        raise SchemaDrift(f"{where}: rows have no {', '.join(lost)}")
    columns = {name: [as_text(row.get(field)) for row in rows] for field, name in _FIELDS.items()}
    return pl.DataFrame(
        {"_row_no": range(1, len(rows) + 1), **columns},
        schema={"_row_no": pl.Int64, **dict.fromkeys(columns, pl.String)},
    )


def _time(stamp: str) -> datetime | None:
    """`2026-05-01T09:00:00.123` as a time; None where it is written in another way."""
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


SOURCE = Comtrade()
