"""The demo's files (BACI, Business Dynamics, County Business Patterns): form, sums, volume."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import httpx2 as httpx
import polars as pl
import pytest

from pipelines.demo import DemoTransport
from pipelines.demo.baci_figures import pattern as trade_pattern
from pipelines.demo.cbp_figures import MEASURES, cells, published_code
from pipelines.demo.cbp_figures import pattern as county_pattern

TODAY = date(2026, 11, 23)
SEED = 20050309
BACI = "https://www.cepii.fr/DATA_DOWNLOAD/baci/data/BACI_HS17_V202601.zip"
BDS = "https://www2.census.gov/programs-surveys/bds/tables/time-series/2023/bds2023_st.csv"
CBP = "https://www2.census.gov/programs-surveys/cbp/datasets/2021/cbp21co.zip"
POPULATION = (
    "https://api.worldbank.org/v2/country/all/indicator/SP.POP.TOTL"
    "?format=json&source=2&per_page=10000&page=1"
)
APEC_TEXT = "36 96 124 152 156 344 360 392 410 458 484 554 598 604 608 643 702 490 764 842 704"
APEC_BACI = APEC_TEXT.split()


def ask(transport: DemoTransport, url: str) -> httpx.Response:
    return transport.handle_request(httpx.Request("GET", url))


def member(body: bytes, name: str, encoding: str = "utf-8") -> pl.DataFrame:
    text = zipfile.ZipFile(io.BytesIO(body)).read(name).decode(encoding)
    return pl.read_csv(text.encode(), infer_schema=False)


@pytest.fixture(scope="module")
def demo() -> DemoTransport:
    return DemoTransport(today=TODAY)


@pytest.fixture(scope="module")
def counties(demo: DemoTransport) -> pl.DataFrame:
    return member(ask(demo, CBP).content, "cbp21co.txt")


@pytest.fixture(scope="module")
def trade(demo: DemoTransport) -> bytes:
    return ask(demo, BACI).content


# ------------------------------------------------------------ BACI


def test_baci_is_an_archive_of_years_that_says_it_is_synthetic(trade: bytes) -> None:
    archive = zipfile.ZipFile(io.BytesIO(trade))
    assert archive.testzip() is None
    assert archive.namelist() == [
        *(f"BACI_HS17_Y{year}_V202601.csv" for year in range(2015, 2025)),
        "country_codes_V202601.csv",
        "product_codes_HS17_V202601.csv",
        "Readme.txt",
    ]
    assert archive.read("Readme.txt").startswith(b"SYNTHETIC")


def test_baci_flows_have_the_published_form(trade: bytes) -> None:
    rows = member(trade, "BACI_HS17_Y2023_V202601.csv")
    assert rows.columns == ["t", "i", "j", "k", "v", "q"]
    assert set(APEC_BACI) < set(rows["i"]) and 30 <= rows["i"].n_unique() <= 40
    assert rows.filter(pl.col("i") == pl.col("j")).is_empty()
    assert rows.select("i", "j", "k").is_duplicated().sum() == 0
    assert rows["v"].cast(pl.Float64).min() > 0
    assert rows["k"].str.contains(r"^\d{6}$").all() and rows["k"].str.starts_with("0").any()
    unknown = (rows["q"] == "              NA").mean()
    assert 0.01 < unknown < 0.03
    assert rows["q"].str.contains(r"^(\d+\.\d{3}| +NA)$").all()
    chapters = set(rows["k"].str.head(2))
    assert chapters == set(
        member(trade, "product_codes_HS17_V202601.csv", "latin-1")["code"].str.head(2)
    )
    assert len(chapters) == 96


def test_baci_code_files_have_their_traps(trade: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        member(trade, "country_codes_V202601.csv")
    codes = member(trade, "country_codes_V202601.csv", "latin-1")
    names = dict(codes.select("country_code", "country_name").iter_rows())
    assert names["490"] == "Other Asia, nes"
    twice = codes.filter(pl.col("country_iso3").is_duplicated(), pl.col("country_iso3") != "N/A")
    assert set(twice["country_code"]) == {"56", "58", "710", "711"}
    assert dict(codes.select("country_code", "country_iso2").iter_rows())["516"] == "NA"
    for year in (2015, 2024):
        flows = member(trade, f"BACI_HS17_Y{year}_V202601.csv")
        assert set(flows["i"]) | set(flows["j"]) <= set(codes["country_code"])


def test_exporters_are_known_for_something(trade: bytes) -> None:
    rows = member(trade, "BACI_HS17_Y2022_V202601.csv").with_columns(pl.col("v").cast(pl.Float64))

    def advantage(exporter: str, prefix: str) -> float:
        own, good = pl.col("i") == exporter, pl.col("k").str.starts_with(prefix)
        share = rows.filter(own & good)["v"].sum() / rows.filter(own)["v"].sum()
        return share / (rows.filter(good)["v"].sum() / rows["v"].sum())

    assert advantage("152", "2603") > 5  # Chile, copper ores
    assert advantage("490", "8542") > 2  # Chinese Taipei, integrated circuits
    assert advantage("392", "2603") < 1  # Japan, copper ores


@pytest.mark.parametrize("release", ["HS92_V202401", "HS22_V203001"])
def test_any_release_can_be_asked_for(demo: DemoTransport, release: str) -> None:
    body = ask(demo, BACI.replace("HS17_V202601", release)).content
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    revision, version = release.split("_")
    newest = int(version[1:5]) - 2
    assert f"BACI_{revision}_Y{newest}_{version}.csv" in names
    assert sum(name.startswith("BACI_") for name in names) == 10


# ------------------------------------------------------------ Business Dynamics Statistics


def test_bds_rates_follow_from_the_counts(demo: DemoTransport) -> None:
    rows = pl.read_csv(ask(demo, BDS).content, infer_schema=False)
    assert rows["year"].unique().sort().to_list() == [str(y) for y in range(2014, 2024)]
    assert rows["st"].n_unique() == 52 and {"1", "97"} <= set(rows["st"])
    columns = ("estabs", "estabs_entry", "estabs_exit")
    for kind in ("entry", "exit"):
        known = rows.filter(
            pl.all_horizontal(pl.col(*columns, f"estabs_{kind}_rate").str.contains(r"^[\d.]+$"))
        ).with_columns(pl.col(*columns, f"estabs_{kind}_rate").cast(pl.Float64))
        before = pl.col("estabs") - pl.col("estabs_entry") + pl.col("estabs_exit")
        own = 100 * pl.col(f"estabs_{kind}") / ((pl.col("estabs") + before) / 2)
        gap = known.select((own - pl.col(f"estabs_{kind}_rate")).abs().max()).item()
        assert known.height > 500 and gap <= 0.0005
    codes = rows.select(pl.all().str.extract(r"^(\([A-Z]\))$")).unpivot()["value"].drop_nulls()
    assert set(codes) == {"(D)", "(S)"}


def test_bds_stocks_follow_from_entries_and_exits(demo: DemoTransport) -> None:
    rows = pl.read_csv(ask(demo, BDS).content, infer_schema=False).filter(pl.col("st") == "6")
    count = rows.select(pl.col("estabs", "estabs_entry", "estabs_exit").cast(pl.Int64))
    stock, came, went = (count[name].to_list() for name in count.columns)
    assert stock[1:] == [
        old + new - gone for old, new, gone in zip(stock, came[1:], went[1:], strict=False)
    ]


# ------------------------------------------------------------ County Business Patterns


def test_county_figures_add_up_over_industry_levels() -> None:
    frame = cells(SEED, county_pattern(SEED, 1), 2021)
    digits = pl.col("naics").str.strip_chars_end("-/").str.len_chars()
    six = frame.filter(digits == 6)
    assert six.select(pl.sum_horizontal(MEASURES[4:]) == pl.col("est")).to_series().all()
    for level in (0, 2, 3, 4):
        parents = frame.filter(digits == level).sort("fips5", "naics")
        sums = (
            six.with_columns(
                pl.col("naics").map_elements(
                    lambda code, level=level: published_code(code, level), pl.String
                )
            )
            .group_by("fips5", "naics")
            .agg(pl.col(MEASURES).sum())
            .sort("fips5", "naics")
        )
        assert parents.equals(sums.select(parents.columns))


def test_published_county_cells_are_cut_and_marked_as_in_the_file(counties: pl.DataFrame) -> None:
    rows = counties.filter(pl.col("est").str.contains(r"^\d+$") & (pl.col("naics") != "31-33"))
    number = rows.with_columns(pl.col("est", "emp").cast(pl.Int64))
    assert number["est"].min() == 3
    withheld = number.filter(pl.col("emp_nf") == "D")
    assert 0.01 < withheld.height / number.height < 0.2
    assert withheld["emp"].sum() == 0
    assert number.filter(pl.col("emp_nf") != "D")["emp"].min() > 0
    assert set(number["emp_nf"]) == {"D", "G", "H", "J"}
    classes = [name for name in rows.columns if name.startswith("n") and name != "naics"]
    values = rows.select(classes).unpivot()["value"]
    assert (values == "N").any()
    assert values.filter(values != "N").cast(pl.Int64).min() == 3
    assert rows.select("fipstate", "fipscty", "naics").is_duplicated().sum() == 0


def test_a_parent_is_its_published_parts_and_less_than_three_for_each_absent_one(
    counties: pl.DataFrame,
) -> None:
    rows = counties.filter(pl.col("est").str.contains(r"^\d+$") & (pl.col("naics") != "31-33"))
    rows = rows.with_columns(pl.col("est").cast(pl.Int64))
    sectors = rows.filter(pl.col("naics").str.contains(r"^\d{2}----$"))
    key = ["fipstate", "fipscty"]
    both = rows.filter(pl.col("naics") == "------").join(
        sectors.group_by(key).agg(pl.col("est").sum().alias("parts")), on=key
    )
    assert both.height > 2900
    assert (both["est"] >= both["parts"]).all()
    assert (both["est"] == both["parts"]).mean() > 0.3


def test_all_states_and_counties_are_there(counties: pl.DataFrame) -> None:
    assert counties["fipstate"].n_unique() == 51
    places = counties.filter(pl.col("naics") == "------")
    assert places.filter(pl.col("fipscty") != "999").height >= 3100
    assert places.filter(pl.col("fipscty") == "999").height == 51
    levels = set(counties["naics"].str.replace_all(r"\d", "0")) - {"00-00"}
    assert levels == {"------", "00----", "000///", "0000//", "000000"}


# ------------------------------------------------------------ volume


def test_scale_multiplies_rows_and_only_where_promised(demo: DemoTransport) -> None:
    four = DemoTransport(today=TODAY, scale=4)
    assert ask(four, BDS).content == ask(demo, BDS).content
    assert ask(four, POPULATION).content == ask(demo, POPULATION).content
    large = member(ask(four, CBP).content, "cbp21co.txt").height
    small = member(ask(demo, CBP).content, "cbp21co.txt").height
    assert 3.4 < large / small < 4.6
    flows = [len(trade_pattern(SEED, scale).value_kusd) for scale in (1, 4)]
    assert 3.4 < flows[1] / flows[0] < 4.6
    assert 50_000 < small < 70_000 and 25_000 < flows[0] < 40_000
