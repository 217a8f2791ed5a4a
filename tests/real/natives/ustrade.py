"""Exports of states as USA Trade Online gives them."""

from tests.real.native import Native

NATIVES = [
    Native(
        "trade/us_exports/state/Census_USATradeExport_*.csv.gz",
        "ustrade",
        "{year}",
        "https://usatrade.census.gov/exports/state_exports_{year}.csv",
        r"Census_USATradeExport_(?P<year>\d{4})\.csv\.gz",
    )
]
