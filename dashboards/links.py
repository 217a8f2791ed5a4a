"""Addresses within the dashboards that restore an exact view. Pure functions, no Streamlit.

Relative, so that they hold behind a proxy that serves the dashboards below a path of its own.

Belongs here: names of pages and of their parameters. Does not belong here: what a page shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

PASSPORT = "passport"
COVERAGE = "coverage"
QUALITY = "quality"
ECONOMY = "economy"
REGION = "region"


def passport(
    indicator_id: str, geo_id: str, period: str, basis: str, cluster_id: str | None = "all"
) -> str:
    """The passport of one cell: where this number comes from.

    Args:
        indicator_id: indicator.
        geo_id: place.
        period: period.
        basis: basis.
        cluster_id: cluster; None leaves it to the page (the first one that has such a cell).
    """
    words = {"indicator": indicator_id, "basis": basis, "cluster": cluster_id, "geo": geo_id}
    asked = {name: text for name, text in (*words.items(), ("period", period)) if text is not None}
    return f"{PASSPORT}?{urlencode(asked)}"


def economy(name: str) -> str:
    """The profile of an economy, by the name that its page lists."""
    return f"{ECONOMY}?{urlencode({'economy': name})}"


def region(kind: str, geo_type: str, name: str) -> str:
    """The portfolio of a region, by the words that its page lists."""
    return f"{REGION}?{urlencode({'region_level': kind, f'region_{geo_type}': name})}"


def of_row(row: Mapping[str, object]) -> str:
    """The passport of a row that names indicator, place, period and basis, without clusters."""
    key = (str(row[name]) for name in ("indicator_id", "geo_id", "period", "basis"))
    return passport(*key)


def number(text: str, address: str, about: str = "") -> str:
    """A number, as HTML, that opens its passport."""
    title = f"Where this number comes from{': ' if about else ''}{about}"
    return f'<a class="ck-from" href="{escape(address)}" title="{escape(title)}">{escape(text)}</a>'


def chips(label: str, places: Iterable[tuple[str, str, str]]) -> str:
    """Many short links side by side: (name, remark, address) of each."""
    items = "".join(
        f'<li><a href="{escape(address)}">{escape(name)} <small>{escape(remark)}</small></a></li>'
        for name, remark, address in places
    )
    return f'<nav aria-label="{escape(label)}"><ul class="ck-chips">{items}</ul></nav>'


def where_from(places: Iterable[tuple[str, str]]) -> str:
    """A line below a chart: name and address of each number that stands out in it."""
    listed = " · ".join(
        f'<a class="ck-from" href="{escape(address)}">{escape(name)}</a>'
        for name, address in places
    )
    return f'<p class="ck-where">Where does this number come from? {listed}</p>' if listed else ""
