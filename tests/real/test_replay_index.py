"""The committed index against the real figures: complete, true to its files, and quick."""

from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from pathlib import Path

import httpx2 as httpx
import polars as pl
import pytest

from pipelines.http.replay import ReplayTransport, UnrecordedUrl, load_index
from pipelines.sources.wdi import LICENCES, series_codes, series_list

ROOT = Path(__file__).resolve().parents[2]
INDEX = ROOT / "deploy" / "replay" / "official_sample.yml"
DATA = Path(os.environ.get("CLUSTERKPI_SHARED_DATA", ROOT.parent / "shared" / "data"))
APEC = "AUS BRN CAN CHL CHN HKG IDN JPN KOR MEX MYS NZL PER PHL PNG RUS SGP THA USA VNM"
CENSUS = "https://www2.census.gov/programs-surveys"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not DATA.is_dir(),
        reason=f"no real figures in {DATA}; set CLUSTERKPI_SHARED_DATA to their folder",
    ),
]


def client(**variables: str) -> httpx.Client:
    index = load_index(INDEX, {"data": str(DATA), **variables})
    return httpx.Client(transport=ReplayTransport(index))


def whole_series(http: httpx.Client, code: str) -> tuple[dict, list[dict]]:
    rows: list[dict] = []
    page = 0
    while True:
        page += 1
        header, part = http.get(
            f"https://api.worldbank.org/v2/country/all/indicator/{code}",
            params={"format": "json", "source": "2", "per_page": "10000", "page": str(page)},
        ).json()
        rows += part
        if page >= header["pages"]:
            assert len(rows) == header["total"]
            return header, rows


def test_the_index_says_what_is_partial_and_names_no_place_of_its_own() -> None:
    index = load_index(INDEX, {"data": str(DATA)})
    for word in ("rebuilt", "Afghanistan", "excerpt", "lower bounds"):
        assert word in index.description
    assert index.settings["baci_release"] == "HS17_V202201"
    assert ".." not in INDEX.read_text()


def test_all_series_are_served_under_one_date() -> None:
    http = client()
    skipped = set(load_index(INDEX, {"data": str(DATA)}).settings["wdi_skip"])
    assert skipped < set(series_codes()) and len(skipped) == 12
    for code in skipped:  # nothing is skipped that could be served
        with pytest.raises(UnrecordedUrl, match=f"has no {code} up to"):
            whole_series(http, code)
    served = {code: whole_series(http, code) for code in series_codes() if code not in skipped}
    signal = http.get("https://api.worldbank.org/v2/sources/2?format=json").json()
    assert {header["lastupdated"] for header, _ in served.values()} == {signal[1][0]["lastupdated"]}
    assert len(served) == 34
    assert max(int(row["date"]) for row in served["IC.REG.DURS"][1]) == 2017


@pytest.mark.parametrize("day", ["9999-12-31", "2026-03-15"])
def test_whatever_the_day_no_series_is_asked_for_in_vain(day: str) -> None:
    http = client(wdi_vintage=day)
    skipped = load_index(INDEX, {"data": str(DATA)}).settings["wdi_skip"]
    for code in series_codes():
        if code not in skipped:
            assert whole_series(http, code)[1]


def test_licences_are_those_that_the_world_bank_states() -> None:
    with gzip.open(DATA / "world_bank/wdi_bulk_metadata/WDISeries.csv.gz", "rt",
                   encoding="utf-8-sig", errors="replace", newline="") as lines:  # fmt: skip
        stated = {row["Series Code"]: row["License Type"] for row in csv.DictReader(lines)}
    ids = {"CC BY-4.0": "CC-BY-4.0"} | {
        text: f"{name}-terms"
        for text in stated.values()
        for name in ("ITU", "IEA", "SIPRI", "Protected-Planet")
        if text and text != "CC BY-4.0" and name.replace("-", " ") in text
    }
    assert set(ids.values()) == set(LICENCES)
    assert {code: ids[stated[code]] for code in series_codes()} == {
        code: series.licence.id for code, series in series_list().items()
    }


@pytest.mark.parametrize("day", ["9999-12-31", "2026-05-01"])
@pytest.mark.parametrize("code", ["IT.NET.BBND.P2", "NY.GDP.MKTP.CD", "IP.PAT.RESD"])
def test_series_hold_exactly_the_figures_of_their_vintage(code: str, day: str) -> None:
    table = pl.read_parquet(DATA / "world_bank" / "wdi_figures.parquet").filter(
        pl.col("indicator_code") == code, ~pl.col("vintage").str.starts_with("unknown")
    )
    newest = max(vintage for vintage in table["vintage"].unique() if vintage <= day)
    expected = {
        (row["economy_code"], str(row["year"])): row["value"]
        for row in table.filter(pl.col("vintage") == newest).iter_rows(named=True)
    }
    http = client(wdi_vintage=day)
    listed = http.get("https://api.worldbank.org/v2/country?format=json&per_page=400&page=1")
    code_of = {row["iso2Code"]: row["id"] for row in listed.json()[1]}
    _, rows = whole_series(http, code)
    found = {
        (row["countryiso3code"] or code_of[row["country"]["id"]], row["date"]): row["value"]
        for row in rows
        if row["value"] is not None
    }
    assert found == expected


def test_business_density_is_the_excerpt() -> None:
    folder = DATA / "world_bank" / "new_business_density_excerpt"
    with next(folder.glob("*.csv")).open(newline="") as lines:
        expected = {
            (row["geo"].upper(), row["time"]): float(row["ic_bus_ndns_zs"])
            for row in csv.DictReader(lines)
        }
    _, rows = whole_series(client(), "IC.BUS.NDNS.ZS")
    found = {
        (row["countryiso3code"], row["date"]): row["value"]
        for row in rows
        if row["value"] is not None
    }
    assert found == expected
    assert len(found) == 262


def test_economies_hold_the_twenty_of_apec_and_mark_aggregates() -> None:
    reply = client().get("https://api.worldbank.org/v2/country?format=json&per_page=400&page=1")
    header, rows = reply.json()
    assert header["total"] == len(rows)
    regions = {row["id"]: row["region"]["id"] for row in rows}
    assert {regions[code] for code in APEC.split()} == {"EAS", "ECS", "LCN", "NAC"}
    assert sum(region == "NA" for region in regions.values()) == 47
    assert "TWN" not in regions


def test_county_archives_hold_the_files() -> None:
    http = client()
    bodies = {
        year: http.get(f"{CENSUS}/cbp/datasets/20{year}/cbp{year}co.zip").content
        for year in range(17, 22)
    }
    with zipfile.ZipFile(io.BytesIO(bodies[19])) as archive:
        assert archive.namelist() == ["cbp19co.txt"]
        with gzip.open(DATA / "us" / "cbp" / "cbp19co.txt.gz") as plain:
            assert archive.read("cbp19co.txt") == plain.read()


def test_an_unchanged_archive_is_not_sent_again() -> None:
    http = client()
    url = f"{CENSUS}/cbp/datasets/2020/cbp20co.zip"
    tag = http.get(url).headers["etag"]
    assert client().get(url, headers={"If-None-Match": tag}).status_code == 304


def test_baci_members_have_official_names() -> None:
    url = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS17_V202201.zip"
    reply = client().get(url)
    assert reply.headers["last-modified"] == "Thu, 24 Feb 2022 00:00:00 GMT"
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.namelist() == [
            "BACI_HS17_Y2020_V202201.csv",
            "country_codes_V202201.csv",
            "product_codes_HS17_V202201.csv",
            "Readme.txt",
        ]
        flows = pl.read_csv(archive.read("BACI_HS17_Y2020_V202201.csv"), infer_schema=False)
        products = pl.read_csv(archive.read("product_codes_HS17_V202201.csv"), infer_schema=False)
    assert flows.height == 70_920
    assert set(flows["i"]) == {"4", "710"}
    assert set(flows["k"].str.zfill(6)) <= set(products["code"])


def test_state_file_is_the_native_one() -> None:
    reply = client().get(f"{CENSUS}/bds/tables/time-series/2018/bds2018_st.csv")
    with gzip.open(DATA / "us" / "bds" / "bds2018_st.csv.gz") as plain:
        assert reply.content == plain.read()


@pytest.mark.parametrize(
    "url",
    [
        f"{CENSUS}/cbp/datasets/2022/cbp22co.zip",
        f"{CENSUS}/bds/tables/time-series/2024/bds2024_st.csv",
        "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS17_V202601.zip",
        "https://api.worldbank.org/v2/country/all/indicator/NO.SUCH"
        "?format=json&source=2&per_page=10000&page=1",
    ],
)
def test_what_the_recording_lacks_is_not_made_up(url: str) -> None:
    with pytest.raises(UnrecordedUrl):
        client().get(url)
