"""An export of KOSIS around synthetic businesses in operation.

Belongs here: Korean headers, codes under `[…]`, years with their word, kinds that overlap and add
up, a figure that is `-`. Does not belong here: what is made of them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import numbers, table

_HEADER = "[15133JYB]시군구별,시군구별,[13301A]사업자별,사업자별,시점,가동사업자 현황[명]"
_YEARS = 8
# Code, label, and which of the four kinds below it sums.
_KINDS = (
    ("16133T2008_0245", "총계", (0, 1, 2, 3)),
    ("16133T2008_0363", "법인", (0,)),
    ("16133T2008_0364", "개인사업자", (1, 2, 3)),
    ("16133T2008_0365", "일반사업자", (1,)),
    ("16133T2008_0366", "간이사업자", (2,)),
    ("16133T2008_0367", "면세사업자", (3,)),
)
_SHARES = (0.13, 0.52, 0.24, 0.11)


def csv_body(demo: Demo) -> bytes:
    """All districts, years and kinds."""
    places = table("national_regions").filter(publisher="kosis")
    sizes = 2.0 ** numbers(places, "size").to_numpy()
    lines = [_HEADER]
    for place, (code, name) in enumerate(places.select("code", "name").iter_rows()):
        for year in range(demo.today.year - 1 - _YEARS, demo.today.year - 1):
            noise = Noise(demo.seed, "kosis", str(year)).normal(ids([code])[:, None], range(4))[0]
            growth = 1.03 ** (year - demo.today.year)
            parts = [
                round(sizes[place] * share * growth * 2.718 ** (0.02 * wave))
                for share, wave in zip(_SHARES, noise, strict=True)
            ]
            for kind, label, of in _KINDS:
                value = str(sum(parts[n] for n in of))
                if place == 6 and label == "면세사업자" and year == demo.today.year - _YEARS:
                    value = "-"
                lines.append(f"{code},{name},{kind},{label},{year} 년,{value}")
    return ("\n".join(lines) + "\n").encode()


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response:
    made = datetime(demo.today.year - 1, 12, 20, 3, tzinfo=UTC)
    return demo.file(request, lambda: csv_body(demo), made, "text/csv")


ROUTES = (Route(r"https://kosis\.kr/statHtml/DT_133001N_1011/businesses\.csv", _answer),)
