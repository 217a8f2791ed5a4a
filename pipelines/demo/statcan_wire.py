"""Statistics Canada's whole-table zip around synthetic businesses.

Belongs here: the layout (byte order mark, quotes around everything, names that end with a blank,
letters beside empty figures, the file about the table). Does not belong here: which columns the
pipeline reads.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np

from pipelines.demo.hosts import Demo, Route
from pipelines.demo.noise import Noise, ids
from pipelines.demo.packing import packed
from pipelines.demo.tables import numbers, table

_TABLE = "33100270"
_TITLE = "Experimental estimates for business openings and closures (synthetic)"
_MONTHS = 30
_LAG_MONTHS = 4
_NO_EXITS_YET = 6  # newest months for which exits are not told from closures yet
_HEADER = (
    "REF_DATE", "GEO", "DGUID", "Industry", "Business dynamics measure", "UOM", "UOM_ID",
    "SCALAR_FACTOR", "SCALAR_ID", "VECTOR", "COORDINATE", "VALUE", "STATUS", "SYMBOL",
    "TERMINATED", "DECIMALS",
)  # fmt: skip
# Name, member id, share of all businesses.
_INDUSTRIES = (
    ("Business sector industries [T004]", 1, 1.0),
    ("Construction [23]", 5, 0.15),
    ("Manufacturing [31-33]", 6, 0.05),
    ("Professional, scientific and technical services [54]", 13, 0.14),
)
# Share of active businesses; the last two are told from closings later.
_MEASURES = (
    ("Active businesses", 1.0),
    ("Opening businesses", 0.047),
    ("Continuing businesses", 0.953),
    ("Closing businesses", 0.044),
    ("Reopening businesses", 0.03),
    ("Entrants", 0.017),
    ("Temporary closures", 0.028),
    ("Exits", 0.016),
)
_FEWEST, _ROUGH = 4, 25  # below: withheld; below: to be used with caution


def months(demo: Demo) -> list[str]:
    """Reference months that are published, oldest first."""
    newest = demo.today.year * 12 + demo.today.month - 1 - _LAG_MONTHS
    return [f"{at // 12}-{at % 12 + 1:02d}" for at in range(newest - _MONTHS + 1, newest + 1)]


def data_body(demo: Demo) -> bytes:
    """All months, places, industries and measures, in the publisher's order."""
    places = table("national_regions").filter(publisher="statcan")
    periods = months(demo)
    when = np.arange(len(periods), dtype=np.uint64)[:, None, None, None]
    where = ids(places["code"])[None, :, None, None]
    what = ids(name for name, *_ in _INDUSTRIES)[None, None, :, None]
    kind = ids(name for name, _ in _MEASURES)[None, None, None, :]
    size = 2.0 ** numbers(places, "size").to_numpy()[None, :, None, None]
    share = np.array([share for *_, share in _INDUSTRIES])[None, None, :, None]
    rate = np.array([rate for _, rate in _MEASURES])[None, None, None, :]
    wave = Noise(demo.seed, "statcan").normal(where, what, kind, when)
    level = Noise(demo.seed, "statcan level").normal(where, what, kind)
    counts = np.rint(size * share * rate * np.exp(0.02 * wave + 0.05 * level)).astype(int)
    lines = [",".join(f'"{name}"' for name in _HEADER)]
    for m, period in enumerate(periods):
        for p, (code, place) in enumerate(places.select("code", "name").iter_rows()):
            for i, (industry, member, _) in enumerate(_INDUSTRIES):
                for k, (measure, _) in enumerate(_MEASURES):
                    late = measure == "Exits" and m >= len(periods) - _NO_EXITS_YET
                    value, status = _cell(int(counts[m, p, i, k]), late)
                    vector = f"v{1_200_000_000 + (p * 40 + member) * 10 + k}"
                    cells = (
                        period, place, code, industry, measure, "Number", "223", "units", "0",
                        vector, f"{p + 1}.{member}.{k + 1}", value, status, "", "", "0",
                    )  # fmt: skip
                    lines.append(",".join(f'"{cell}"' for cell in cells))
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def _cell(count: int, late: bool) -> tuple[str, str]:
    if late:
        return "", ".."
    if count < _FEWEST:
        return "", "x"
    return str(count), "E" if count < _ROUGH else ""


def about_body(demo: Demo) -> bytes:
    """The file about the table: its title and months, its members, what the letters mean."""
    periods = months(demo)
    header = (
        "Cube Title", "Product Id", "CANSIM Id", "URL", "Cube Notes", "Archive Status", "Frequency",
        "Start Reference Period", "End Reference Period", "Total number of dimensions",
    )  # fmt: skip
    values = (
        _TITLE, _TABLE, "", "https://www150.statcan.gc.ca/t1/tbl1/en/tv.action?pid=3310027001", "",
        "CURRENT", "Monthly", f"{periods[0]}-01", f"{periods[-1]}-01", "3",
    )  # fmt: skip
    blocks = [
        [header, values],
        [("Dimension ID", "Dimension name", "Dimension Notes", "Dimension Definitions"),
         ("1", "Geography", "", ""), ("2", "Industry", "", ""),
         ("3", "Business dynamics measure", "", "")],
        [("Symbol Legend",), ("Description", "Symbol"),
         ("not available for a specific reference period", ".."), ("use with caution", "E"),
         ("suppressed to meet the confidentiality requirements of the Statistics Act", "x")],
    ]  # fmt: skip
    text = "\r\n\r\n".join(
        "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in block) for block in blocks
    )
    return f"\ufeff{text}\r\n".encode()


def _answer(demo: Demo, request: httpx.Request) -> httpx.Response:
    made = datetime(demo.today.year, demo.today.month, 1, 13, 30, tzinfo=UTC)

    def body() -> bytes:
        members = [(f"{_TABLE}.csv", data_body(demo)), (f"{_TABLE}_MetaData.csv", about_body(demo))]
        return packed(members, made)

    return demo.file(request, body, made, "application/x-zip-compressed")


ROUTES = (Route(rf"https://www150\.statcan\.gc\.ca/n1/tbl/csv/{_TABLE}-eng\.zip", _answer),)
