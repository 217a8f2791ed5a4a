"""How figures, dates and status marks are written. Pure functions, no Streamlit.

Belongs here: text made from one value or one frame. Does not belong here: layout, colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import polars as pl

NO_CELL = "·"
NOT_STATED = "not stated by the publisher"
# What a term is summed over, as readers call it.
AXES = {"geo": "places", "cluster": "clusters", "period": "periods"}
GEO_WORDS = {
    "economy": ("economy", "economies"),
    "state": ("US state", "US states"),
    "county": ("US county", "US counties"),
    "cbsa": ("US metropolitan or micropolitan area", "US metropolitan and micropolitan areas"),
    "economic_area": ("US economic area", "US economic areas"),
    "custom": ("region of your own", "regions of your own"),
    "nuts2": ("European region (NUTS 2)", "European regions (NUTS 2)"),
    "au_state": ("Australian state", "Australian states"),
    "au_sa4": ("Australian area (SA4)", "Australian areas (SA4)"),
    "nz_region": ("New Zealand region", "New Zealand regions"),
    "jp_prefecture": ("Japanese prefecture", "Japanese prefectures"),
    "kr_province": ("Korean province", "Korean provinces"),
    "kr_district": ("Korean district", "Korean districts"),
}

# Levels of strength of a cluster in a region, weakest first; see docs/regions.md for the rules.
STRENGTHS = ("no strength", "qualifying", "above the median", "strong", "top tenth")
ALPHA = 0.05  # a p-value up to here is called significant


def decimals(values: Iterable[float | None]) -> int:
    """Digits after the point for one column: three significant ones at its middle value."""
    known = sorted(abs(v) for v in values if v is not None and v != 0)
    if not known:
        return 2
    middle = known[len(known) // 2]
    if middle >= 1000:
        return 0
    if middle >= 10:
        return 1
    return 2 if middle >= 0.1 else 3


def number(value: float | None, digits: int) -> str:
    """A figure with thin groups and a real minus sign; empty when there is none."""
    if value is None:
        return ""
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def written(
    frame: pl.DataFrame, columns: str | Sequence[str], write: Callable[..., str | None], name: str
) -> pl.Series:
    """A column of texts, made of one column (a NULL stays one) or of several.

    Not `map_elements`: polars calls that from threads of its own, which wait for the interpreter
    while another session holds it and waits for those threads; the server then stands for ever.
    """
    if isinstance(columns, str):
        texts = [None if value is None else write(value) for value in frame[columns].to_list()]
    else:
        texts = [write(*row) for row in frame.select(columns).rows()]
    return pl.Series(name, texts, dtype=pl.String)


def exact(value: float | None) -> str:
    """All digits that a figure has, in groups: what a reader needs to compute with it."""
    if value is None:
        return ""
    return f"{value:,}".removesuffix(".0").replace("-", "−")


def share(value: float | None) -> str:
    """`12.5%` of 0.125; empty when there is none."""
    return "" if value is None else f"{number(100 * value, 1)}%"


def statsapec(value: float | None, status: str, digits: int) -> str:
    """A figure in StatsAPEC's signs: `…` unavailable, `(c)` confidential, `-` nil, `0.0` small."""
    if value is None:
        return "(c)" if status in ("C", "Q") else "…"
    return "-" if value == 0 else number(value, digits)


def interval(lower: float | None, upper: float | None, digits: int) -> str:
    """`0.51 – 1.94`; an open end is written as an inequality; empty when nothing is known."""
    if lower is None and upper is None:
        return ""
    if upper is None:
        return f"≥ {number(lower, digits)}"
    if lower is None:
        return f"≤ {number(upper, digits)}"
    return f"{number(lower, digits)} – {number(upper, digits)}"


def strength(least: int | None, most: int | None) -> str:
    """`strong`, or `qualifying – strong` where what is withheld decides; empty without a cell."""
    if least is None or most is None:
        return ""
    return STRENGTHS[least] if least == most else f"{STRENGTHS[least]} – {STRENGTHS[most]}"


def moment(when: datetime | None, missing: str = NOT_STATED) -> str:
    """`23 Nov 2026, 21:30 UTC`."""
    if when is None:
        return missing
    return f"{when.astimezone(UTC):%d %b %Y, %H:%M} UTC".lstrip("0")


def day(when: datetime | None, missing: str = NOT_STATED) -> str:
    """`23 Nov 2026`."""
    return missing if when is None else f"{when.astimezone(UTC):%d %b %Y}".lstrip("0")


def span(first: str | None, last: str | None) -> str:
    """`2014–2024`, or one period, or a dash."""
    if not first or not last:
        return first or last or "—"
    return first if first == last else f"{first}–{last}"


def one(geo_type: str) -> str:
    """`Economy`, `US state`."""
    text = GEO_WORDS.get(geo_type, (geo_type, ""))[0]
    return text[0].upper() + text[1:]


def many(geo_type: str) -> str:
    """`economies`, `US states`."""
    return GEO_WORDS.get(geo_type, ("", f"{geo_type}s"))[1]


def geo_words(geo_type: str) -> str:
    """`Economies`, `US states`."""
    text = many(geo_type)
    return text[0].upper() + text[1:]


def plural(n: int, noun: str) -> str:
    """`1 warning`, `2 warnings`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def status_labels(statuses: pl.DataFrame) -> dict[str, str]:
    """Mark → label, with the mark for a cell that the release does not hold."""
    labels = dict(statuses.select("obs_status", "label").rows())
    return {**labels, "": "no cell in this release"}


def has_intervals(frame: pl.DataFrame) -> bool:
    """Some value comes with a bound."""
    bounded = pl.any_horizontal(pl.col("value_lower", "value_upper").is_not_null())
    return frame.filter(pl.col("value").is_not_null() & bounded).height > 0


def rankable(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that may be compared: a value that is there and does not come from a small cell."""
    return frame.filter(pl.col("value").is_not_null() & (pl.col("obs_status") != "U"))


def ranked(frame: pl.DataFrame, direction: str) -> pl.DataFrame:
    """All rows: comparable ones first with their rank (ties share it), the rest without rank.

    Args:
        frame: one period of one indicator on one basis.
        direction: `up`, `down` or `neutral`; a neutral indicator is ordered but not ranked.
    """
    compared = rankable(frame).sort("value", "geo_name", descending=[direction != "down", False])
    rank = pl.col("value").rank("min", descending=direction != "down").cast(pl.Int64)
    if direction == "neutral":
        rank = pl.lit(None, dtype=pl.Int64)
    rest = frame.join(compared.select("geo_id"), on="geo_id", how="anti").sort("geo_name")
    return pl.concat(
        [
            compared.with_columns(rank.alias("rank")),
            rest.with_columns(pl.lit(None, dtype=pl.Int64).alias("rank")),
        ]
    )


def default_period(frame: pl.DataFrame, newest_first: Sequence[str]) -> str:
    """The newest period in which two thirds of the places that ever report have a value."""
    seen = frame.filter(pl.col("value").is_not_null())
    reporting = seen["geo_id"].n_unique()
    counts = dict(seen.group_by("period").len().rows())
    for period in newest_first:
        if reporting and counts.get(period, 0) * 3 >= reporting * 2:
            return period
    return newest_first[0]
