"""The API of UN Comtrade around synthetic trade: data sets that there are, and their rows.

Belongs here: the envelope, fields that nobody asked for, sums over what was not fixed, the cap.
Does not belong here: which products and years the pipeline reads.
"""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import orjson

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_CAP = 100_000
_LAG_YEARS = 1  # the newest year is not reported yet
_PER_HEADING = ("10", "90")  # six-digit codes that the synthetic reporters trade
_HEADINGS = 60


def _products() -> list[str]:
    headings = table("hs_headings")
    code = headings.columns[0]
    return [f"{heading}{end}" for heading in headings[code].head(_HEADINGS) for end in _PER_HEADING]


def _reporter(code: str) -> dict[str, str] | None:
    rows = table("economies").filter(baci_code=code).to_dicts()
    return rows[0] if rows else None


def rows(demo: Demo, reporter: str, period: str, partner: str, flow: str) -> list[dict[str, Any]]:
    """All products of one reporter, year, partner and flow."""
    about, other = _reporter(reporter), _reporter(partner)
    if about is None or int(period) > demo.today.year - 1 - _LAG_YEARS:
        return []
    products = _products()
    size = float(about["exports_busd"] or 1) * 1e9 / len(products)
    share = 1.0 if partner == "0" else 0.03
    noise = Noise(demo.seed, "comtrade", reporter, partner, flow, period).normal(ids(products))
    found = []
    for product, wave in zip(products, noise, strict=True):
        value = round(size * share * 2.718 ** (1.3 * float(wave)), 3)
        if partner != "0" and wave < -1.2:
            continue  # not traded with this partner
        found.append(
            {
                "typeCode": "C", "freqCode": "A", "refPeriodId": int(f"{period}0101"),
                "refYear": int(period), "refMonth": 52, "period": period,
                "reporterCode": int(reporter), "reporterISO": about["iso3"], "flowCode": flow,
                "partnerCode": int(partner), "partnerISO": other["iso3"] if other else "W00",
                "partner2Code": 0, "partner2ISO": "W00", "classificationCode": "H6",
                "classificationSearchCode": "HS", "isOriginalClassification": True,
                "cmdCode": product, "aggrLevel": 6, "isLeaf": True, "customsCode": "C00",
                "mosCode": "0", "motCode": 0, "qtyUnitCode": 8 if wave > -2 else -1,
                "qty": round(value / 3, 3) if wave > -2 else None, "isQtyEstimated": False,
                "netWgt": round(value / 3, 3) if wave > -2 else None, "isNetWgtEstimated": False,
                "cifvalue": value if flow == "M" else None,
                "fobvalue": value if flow == "X" else None, "primaryValue": value,
                "legacyEstimationFlag": 0 if wave < 1.5 else 4, "isReported": bool(wave < 1.5),
                "isAggregate": False,
            }
        )  # fmt: skip
    return found


def _available(demo: Demo, request: httpx.Request) -> httpx.Response:
    asked = request.url.params
    found = [
        {
            "datasetCode": 1, "typeCode": "C", "freqCode": "A", "period": int(period),
            "reporterCode": int(asked["reporterCode"]), "classificationCode": "H6",
            "classificationSearchCode": "HS", "isOriginalClassification": True,
            "totalRecords": 100 + int(period), "datasetChecksum": int(period) * 7919,
            "firstReleased": f"{int(period) + 1}-06-01T00:00:00",
            "lastReleased": f"{int(period) + 1}-09-15T00:00:00",
        }
        for period in asked["period"].split(",")
        if int(period) <= demo.today.year - 1 - _LAG_YEARS
    ]  # fmt: skip
    return _reply(request, found)


def _data(demo: Demo, request: httpx.Request) -> httpx.Response:
    asked = request.url.params
    wanted = asked["cmdCode"].split(",")
    found = [
        row
        for period in asked["period"].split(",")
        for flow in asked["flowCode"].split(",")
        for row in rows(demo, asked["reporterCode"], period, asked["partnerCode"], flow)
        if wanted == ["AG6"] or row["cmdCode"] in wanted
    ]
    return _reply(request, found[:_CAP])


def _reply(request: httpx.Request, found: list[dict[str, Any]]) -> httpx.Response:
    body = {"elapsedTime": "0.09 secs", "count": len(found), "data": found, "error": ""}
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return httpx.Response(200, headers=headers, content=orjson.dumps(body), request=request)


ROUTES = (
    Route(r"https://comtradeapi\.un\.org/data/v1/getDa/C/A/HS", _available),
    Route(r"https://comtradeapi\.un\.org/data/v1/get/C/A/HS", _data),
)
