"""Which years and releases exist on a given day, and when each was published.

Only the year of the day counts, so that the same addresses are answered all year; the World Bank
alone publishes several times a year. A figure depends on its own year and not on these windows.

Belongs here: dates. Does not belong here: figures.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

YEARS = 10
BASE_YEAR = 2023  # the year that levels in the data files are meant for

_WDI_UPDATES = ((1, 28), (4, 8), (7, 1), (10, 7), (12, 16))


def wdi_last_updated(today: date, vintage: int) -> date:
    """Vintage 2 is the newest update up to `today`, vintage 1 the one before."""
    updates = [
        date(year, month, day)
        for year in (today.year - 1, today.year)
        for month, day in _WDI_UPDATES
        if date(year, month, day) <= today
    ]
    return updates[vintage - 3]


def wdi_years(today: date) -> range:
    """Years of the first vintage; the second adds one to some series."""
    return range(today.year - 1 - YEARS, today.year - 1)


def cbp_years(today: date) -> range:
    """Years of County Business Patterns that are published."""
    return range(today.year - 1 - YEARS, today.year - 1)


def cbp_published(year: int) -> datetime:
    return datetime(year + 1, 12, 18, 15, tzinfo=UTC)


def bds_release(today: date) -> int:
    """The one release of Business Dynamics Statistics that is there."""
    return today.year - 3


def bds_published(release: int) -> datetime:
    return datetime(release + 2, 11, 20, 15, tzinfo=UTC)


def bds_years(release: int) -> range:
    return range(release - YEARS + 1, release + 1)


def baci_years(version: str) -> range:
    """Years in a BACI version: it ends two years before its own year."""
    year = int(version[:4])
    return range(year - 1 - YEARS, year - 1)


def baci_published(version: str) -> datetime:
    return datetime(int(version[:4]), max(1, min(12, int(version[4:]))), 24, 9, tzinfo=UTC)
