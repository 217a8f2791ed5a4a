"""Exports of Stats NZ as its page made them."""

from tests.real.native import Native

_BASE = "https://nzdotstat.stats.govt.nz/wbos"

NATIVES = [
    Native("new_zealand/statsnz/TABLECODE7601_*.csv", "statsnz", "region_industries",
           f"{_BASE}/TABLECODE7601.csv"),
    Native("new_zealand/statsnz/TABLECODE7613_*.csv", "statsnz", "region_sizes",
           f"{_BASE}/TABLECODE7613.csv"),
    Native("new_zealand/statsnz/anzsic06_code.csv", "statsnz", "industries",
           f"{_BASE}/anzsic06_code.csv"),
]  # fmt: skip
