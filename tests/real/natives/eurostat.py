"""Files of Eurostat as their publisher sends them."""

from pipelines.http.classify import Media
from tests.real.native import Native

_DATA = "https://ec.europa.eu/eurostat/api/dissemination/sdmx/2.1/data"

NATIVES = [
    Native(
        "eurostat/sbs/*.tsv.gz",
        "eurostat",
        "{table}",
        f"{_DATA}/{{table}}?format=TSV&compressed=true",
        r"sbs/(?P<table>\w+)\.tsv",
        media=Media.TSV,
    ),
    Native(
        "wire/eurostat/excerpts/LFSA_ARGAN_sdmxcsv_live_2026-06-19.csv",
        "eurostat",
        "lfsa_argan",
        f"{_DATA}/LFSA_ARGAN/A.PC.T.Y15-64.FOR.FR?format=SDMX-CSV",
    ),
]
