"""Summary files of the American Community Survey around synthetic estimates.

Belongs here: pairs of columns, areas that nobody asked for (block groups), whole numbers that are
remarks. Does not belong here: which areas a source keeps.
"""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import numpy as np
import polars as pl

from pipelines.demo.hosts import Demo, Route, not_found
from pipelines.demo.noise import Noise, ids
from pipelines.demo.tables import table

_PEOPLE_PER_WORKER = 1.7
_NO_SAMPLE, _CONTROLLED = -666666666, -555555555
# Shares of the total by line; lines 2 and up, which add up to the first.
_ATTAINMENT = (
    0.013, 0.0, 0.001, 0.001, 0.001, 0.002, 0.002, 0.006, 0.003, 0.007, 0.014, 0.015, 0.019,
    0.018, 0.014, 0.23, 0.039, 0.06, 0.135, 0.086, 0.206, 0.093, 0.021, 0.014,
)  # fmt: skip
_INTERNET = (0.9, 0.002, 0.898, 0.75, 0.7, 0.01, 0.85, 0.1, 0.06, 0.004, 0.03, 0.07)
_LINES = {"B15003": _ATTAINMENT, "B28002": _INTERNET}
_PEOPLE_PER_HOUSEHOLD = {"B15003": 1.45, "B28002": 2.55}


def file_body(seed: int, code: str, release: int) -> bytes:
    """One table: nation, states, counties, metropolitan areas, and some block groups."""
    counties = table("us_counties").filter(pl.col("last_year") == "")
    people = dict(
        zip(
            counties["county_code_fips5"],
            2.0 ** counties["size_class"].cast(pl.Float64).to_numpy() * _PEOPLE_PER_WORKER,
            strict=True,
        )
    )
    areas: dict[str, float] = {"0100000US": sum(people.values())}
    for place, count in people.items():
        state = f"0400000US{place[:2]}"
        areas[state] = areas.get(state, 0.0) + count
        areas[f"0500000US{place}"] = count
        areas[f"1500000US{place}0001001"] = count / 40
    for metro, places in table("us_metros").iter_rows():
        areas[f"310M700US{metro}"] = sum(people[place] for place in places.split())
    names = sorted(areas)
    who = ids(names)[:, None]
    total = np.array([areas[name] for name in names])[:, None] / _PEOPLE_PER_HOUSEHOLD[code]
    share = np.array(_LINES[code])[None, :]
    line = np.arange(2, share.shape[1] + 2, dtype=np.uint64)[None, :]
    noise = Noise(seed, "acs", code, str(release)).normal(who, line)
    counts = np.rint(total * share * np.exp(0.15 * noise))
    whole = counts.sum(axis=1, keepdims=True) if code == "B15003" else np.rint(total)
    estimates = np.hstack([whole, np.minimum(counts, whole)])
    margins = np.rint(1.645 * np.sqrt(estimates * 9) + 4)
    margins[0, 0] = _CONTROLLED
    estimates[-1, -1] = margins[-1, -1] = _NO_SAMPLE
    columns: dict[str, object] = {"GEO_ID": names}
    for at in range(estimates.shape[1]):
        columns[f"{code}_E{at + 1:03d}"] = estimates[:, at].astype(np.int64)
        columns[f"{code}_M{at + 1:03d}"] = margins[:, at].astype(np.int64)
    return pl.DataFrame(columns).write_csv(separator="|").encode()


def _answer(demo: Demo, request: httpx.Request, release: str, code: str) -> httpx.Response:
    if int(release) != demo.today.year - 2:
        return not_found(request)
    made = datetime(int(release) + 1, 12, 11, 5, tzinfo=UTC)
    return demo.file(
        request, lambda: file_body(demo.seed, code.upper(), int(release)), made, "text/plain"
    )


ROUTES = (
    Route(
        r"https://www2\.census\.gov/programs-surveys/acs/summary_file/(\d{4})/"
        r"table-based-SF/data/5YRData/acsdt5y\1-(b15003|b28002)\.dat",
        _answer,
    ),
)
