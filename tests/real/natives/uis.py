"""Replies and exports of the UNESCO Institute for Statistics."""

from pipelines.http.classify import Media
from tests.real.native import Native

_BASE = "https://api.uis.unesco.org/api/public"

NATIVES = [
    Native(
        "wire/uis/export_indicators_*.json",
        "uis",
        "education",
        f"{_BASE}/data/indicators/export",
        media=Media.JSON,
    ),
    Native("unesco_uis/api_csv/data.csv", "uis", "education", f"{_BASE}/data/indicators/export"),
    Native("unesco_uis/uis_stat_gerd/gerd.csv.gz", "uis", "science", "http://data.uis.unesco.org/"),
]
