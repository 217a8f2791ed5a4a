"""The main job on official figures: published cells against the inputs, by independent code.

Nothing here uses the project's parsers or SQL: inputs are read with the standard library and
polars straight from the recorded files, and every formula is written out again.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.settings import PROJECT_ROOT
from tests.real.conftest import NEWER, OLDER, night

pytestmark = pytest.mark.real

Cells = dict[tuple[str, ...], tuple[float | None, str]]


@pytest.fixture(scope="module")
def con(real_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse.open_published(real_home) as connection:
        yield connection


def published(con: duckdb.DuckDBPyConnection, indicator: str, basis: str) -> Cells:
    rows = con.execute(
        "select geo_id, cluster_id, period, value, obs_status from marts.fct_indicator_value "
        "where indicator_id = ? and basis = ?",
        [indicator, basis],
    ).fetchall()
    return {(geo, cluster, period): (value, status) for geo, cluster, period, value, status in rows}


def wdi(data: Path, code: str, limit: str = NEWER) -> dict[tuple[str, str], float]:
    """Figures of one series in its newest dated vintage up to `limit`, without aggregates."""
    with (data / "world_bank/wdi_bulk_metadata/WDICountry.csv").open(encoding="utf-8-sig") as lines:
        economies = {row["Country Code"] for row in csv.DictReader(lines) if row["Region"]}
    rows = (
        pl.read_parquet(data / "world_bank/wdi_figures.parquet")
        .filter(
            (pl.col("indicator_code") == code)
            & ~pl.col("vintage").str.starts_with("unknown")
            & (pl.col("vintage") <= limit)
            & pl.col("value").is_not_null()
        )
        .rows(named=True)
    )
    newest = max(row["vintage"] for row in rows)
    return {
        (row["economy_code"], str(row["year"])): row["value"]
        for row in rows
        if row["vintage"] == newest and row["economy_code"] in economies
    }


def same(published_cells: Cells, expected: dict[tuple[str, ...], float], tolerance: float) -> int:
    """Every expected figure is published and every published figure is expected."""
    found = {key: value for key, (value, _) in published_cells.items() if value is not None}
    assert set(found) == set(expected)
    worst = max(abs(found[key] - expected[key]) for key in expected)
    assert worst <= tolerance, worst
    return len(expected)


@pytest.mark.parametrize(
    ("indicator", "basis", "code"),
    [
        ("broadband_adoption", "wdi_per_100", "IT.NET.BBND.P2"),
        ("tertiary_enrolment", "wdi_gross_pct", "SE.TER.ENRR"),
    ],
)
def test_world_bank_series_are_published_as_they_came(
    con: duckdb.DuckDBPyConnection, real_data: Path, indicator: str, basis: str, code: str
) -> None:
    expected = {(geo, "all", year): value for (geo, year), value in wdi(real_data, code).items()}
    assert same(published(con, indicator, basis), expected, 0.0) > 3000


def test_patent_shares_follow_from_both_series(
    con: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    resident, foreign = wdi(real_data, "IP.PAT.RESD"), wdi(real_data, "IP.PAT.NRES")
    expected = {
        (geo, "all", year): own / (own + foreign[geo, year])
        for (geo, year), own in resident.items()
        if (geo, year) in foreign and own + foreign[geo, year] > 0
    }
    cells = published(con, "indigenous_patent_share", "wdi_filings")
    assert same(cells, expected, 1e-12) > 1000
    small = {
        (geo, "all", year)
        for (geo, year), own in resident.items()
        if (geo, year) in foreign and 0 < own + foreign[geo, year] < 50
    }
    assert {key for key, (_, status) in cells.items() if status == "U"} == small


def test_company_density_is_the_excerpt(con: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    (path,) = (real_data / "world_bank/new_business_density_excerpt").glob("*.csv")
    with path.open() as lines:
        expected = {
            (row["geo"].upper(), "all", row["time"]): float(row["ic_bus_ndns_zs"])
            for row in csv.DictReader(lines)
            if row["ic_bus_ndns_zs"]
        }
    assert same(published(con, "entry_rate", "wdi_llc_density"), expected, 1e-9) == 262


def test_all_published_bds_rates_are_reproduced(
    con: duckdb.DuckDBPyConnection, real_home: Path, real_data: Path
) -> None:
    """2,127 rates have all their terms; code 97 is no state and is checked on the raw rows."""
    with gzip.open(real_data / "us/bds/bds2018_st.csv.gz", "rt") as lines:
        rows = list(csv.DictReader(lines))
    rates: dict[tuple[str, ...], float] = {}
    ours: dict[tuple[str, ...], float | None] = {}
    cells = published(con, "entry_rate", "bds_establishment_pct")
    for row in rows:
        if not row["estabs_exit"].isdigit():
            continue
        key = (f"USA-FIPS-{int(row['st']):02d}", "all", row["year"])
        rates[key] = float(row["estabs_entry_rate"])
        if row["st"] != "97":
            ours[key] = cells[key][0]
    (raw,) = (real_home / "raw/official/bds").glob("vintage=*/states/*.parquet")
    for row in pl.read_parquet(raw).filter(pl.col("state_code_fips") == "97").to_dicts():
        entry, leave, stock = (row[f"estabs{c}_count"] for c in ("_entry", "_exit", ""))
        if leave is not None:
            key = ("USA-FIPS-97", "all", str(row["period_year"]))
            ours[key] = 100 * entry / ((stock + (stock - entry + leave)) / 2)
    assert len(rates) == 2127 and set(ours) == set(rates)
    worst = max(abs(float(ours[key] or "nan") - rate) for key, rate in rates.items())
    assert worst <= 0.0005 + 1e-9
    assert "USA-FIPS-97" not in {geo for geo, _, _ in cells}


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT_ROOT / "dbt_project/seeds/clusters" / name).open() as lines:
        return list(csv.DictReader(lines))


def naics_clusters() -> dict[str, str]:
    return {
        row["industry_code"]: row["cluster_id"]
        for row in seed("cluster_industry.csv")
        if row["industry_scheme"] == "NAICS2017"
    }


def test_location_quotients_of_untouched_counties(
    con: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    """Establishments everywhere, employment where nothing of the county is withheld, 2018."""
    clusters = naics_clusters()
    estabs: dict[tuple[str, str], int] = defaultdict(int)
    jobs: dict[tuple[str, str], int] = defaultdict(int)
    touched: set[str] = set()
    with gzip.open(real_data / "us/cbp/cbp18co.txt.gz", "rt") as lines:
        for row in csv.DictReader(lines):
            if not row["naics"].endswith("//") or not row["naics"][:4].isdigit():
                continue
            place = row["fipstate"] + row["fipscty"]
            cell = (place, clusters[row["naics"][:4]])
            estabs[cell] += int(row["est"])
            jobs[cell] += int(row["emp"])
            if row["emp_nf"] == "D":
                touched.add(place)
    cells = published(con, "location_quotient", "cbp_establishments")
    compared = compare_quotients(cells, estabs, set(), 1e-9)
    assert compared > 45_000
    cells = published(con, "location_quotient", "cbp_employment")
    # withheld jobs weigh in the national shares at their published parts: a few in a million
    assert compare_quotients(cells, jobs, touched, 2e-3) > 40_000
    assert touched


def compare_quotients(
    cells: Cells, sums: dict[tuple[str, str], int], skip: set[str], tolerance: float
) -> int:
    by_place: dict[str, int] = defaultdict(int)
    by_cluster: dict[str, int] = defaultdict(int)
    for (place, cluster), number in sums.items():
        by_place[place] += number
        by_cluster[cluster] += number
    nation = sum(by_place.values())
    compared = 0
    for (place, cluster), number in sums.items():
        if place in skip or place.endswith("999") or not by_place[place]:
            continue
        expected = (number / by_place[place]) / (by_cluster[cluster] / nation)
        value, _ = cells.get((f"USA-FIPS-{place}", cluster, "2018"), (None, ""))
        if value is None:
            assert cluster == "unclassified", (place, cluster)
            continue
        assert value == pytest.approx(expected, rel=tolerance), (place, cluster)
        compared += 1
    return compared


def test_export_specialisation_of_the_two_exporters(
    con: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    prefixes = {
        row["industry_code"]: row["cluster_id"]
        for row in seed("cluster_industry.csv")
        if row["industry_scheme"] == "HS"
    }
    (path,) = (real_data / "trade/baci").glob("BACI_HS17_Y2020*.csv.gz")
    exports: dict[tuple[str, str], float] = defaultdict(float)
    with gzip.open(path, "rt") as lines:
        for row in csv.DictReader(lines):
            code = row["k"].zfill(6)
            cluster = next(prefixes[code[:n]] for n in (6, 4, 2) if code[:n] in prefixes)
            exports[row["i"], cluster] += float(row["v"])
    total = sum(exports.values())
    cells = published(con, "rsca_export", "baci_gross_exports")
    compared = 0
    for geo, exporter in (("AFG", "4"), ("ZAF", "710")):
        own = sum(value for (i, _), value in exports.items() if i == exporter)
        for cluster in {c for _, c in exports}:
            world = sum(value for (_, c), value in exports.items() if c == cluster)
            rca = (exports[exporter, cluster] / own) / (world / total)
            if (geo, cluster, "2020") not in cells:
                assert cluster == "unclassified"
                continue
            value, status = cells[geo, cluster, "2020"]
            assert value == pytest.approx((rca - 1) / (rca + 1), abs=1e-9)
            assert status == "U"  # two exporters are no world
            compared += 1
    assert compared >= 30
    apec = {geo for (geo, _, _), (value, status) in cells.items() if status in "ML"}
    assert len(apec) == 21


def test_export_specialisation_of_the_states(
    con: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    """From the rows of the file, in another way: shares of floats."""
    clusters = {
        row["industry_code"]: row["cluster_id"]
        for row in seed("cluster_industry.csv")
        if row["industry_scheme"] == "NAICS2017"
    }
    (path,) = (real_data / "trade/us_exports/state").glob("Census_USATradeExport_2012*.gz")
    with gzip.open(path, "rt") as lines:
        rows = list(csv.reader(lines))[3:]
    exports: dict[tuple[str, str], float] = defaultdict(float)
    for commodity, state, _, _, value in rows:
        code = commodity.split()[0]
        if len(code) == 4 and code.isdigit():
            exports[state, clusters.get(code, "unmapped")] += float(value.replace(",", ""))
    totals: dict[str, float] = defaultdict(float)
    for (state, _), value in exports.items():
        totals[state] += value
    cells = published(con, "rsca_export", "ustrade_state_exports")
    places = {
        "USA-FIPS-06": "California",
        "USA-FIPS-11": "Dist of Columbia",
        "USA-FIPS-72": "Puerto Rico",
    }
    compared = 0
    for (geo, cluster, period), (value, status) in cells.items():
        if geo not in places:
            continue
        own = exports[places[geo], cluster] / totals[places[geo]]
        rca = own / (exports["All States", cluster] / totals["All States"])
        assert period == "2012" and value == pytest.approx((rca - 1) / (rca + 1), abs=1e-12)
        assert status == ("Z" if own == 0 else "A")
        compared += 1
    assert compared >= 60 and len({geo for geo, _, _ in cells}) == 53


def test_quotients_of_european_regions(con: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    """From the rows of the table: footwear in La Rioja, rubber in Auvergne, mining off Norway."""
    jobs: dict[tuple[str, str], float] = {}
    path = real_data / "eurostat/sbs/sbs_r_nuts06_r2.tsv.gz"
    with gzip.open(path, "rt") as lines:
        years = next(lines).split("\t")
        at = next(n for n, name in enumerate(years) if name.strip() == "2014")
        for line in lines:
            key, *_ = cells = line.split("\t")
            nace, measure, area = key.split(",")
            figure = cells[at].split()[0]
            if measure == "V16110" and area[:2] in ("ES", "FR", "NO") and figure != ":":
                jobs[area, nace] = float(figure)

    def all_jobs(area: str) -> float:
        """Of the sections that the country publishes."""
        sections = {n for a, n in jobs if a == area[:2] and (len(n) == 1 or n == "S95")}
        return sum(jobs[area, section] for section in sections)

    published_cells = published(con, "location_quotient", "eurostat_employment")
    for area, nace, geo in (
        ("ES23", "C15", "ESP-NUTS-ES23"),
        ("FR72", "C22", "FRA-NUTS-FR72"),
        ("NO07", "B05", "NOR-NUTS-NO07"),
    ):
        nation = jobs[area[:2], nace] / all_jobs(area[:2])
        expected = jobs[area, nace] / all_jobs(area) / nation
        value, _status = published_cells[geo, f"nace2:{nace}", "2014"]
        assert value == pytest.approx(expected, rel=1e-9) and value > 10, area


def test_attainment_agrees_with_the_published_shares(
    con: duckdb.DuckDBPyConnection, real_data: Path
) -> None:
    """Our share of the counts is the office's, which is rounded to a tenth, for every area; that of
    Puerto Rico in 2000 too, whose counts in the file are those of 1990."""
    with gzip.open(
        real_data / "us/education_usda_ers/Education.csv.gz", "rt", encoding="utf-8-sig"
    ) as lines:
        header, *rows = list(csv.reader(lines))[4:]
    heads = {
        name[-4:] if name[-3] != "-" else "2018": at
        for at, name in enumerate(header)
        if name.startswith(
            ("Percent of adults with a bachelor", "Percent of adults completing four")
        )
    }
    assert sorted(heads) == ["1970", "1980", "1990", "2000", "2018"]
    cells = published(con, "tertiary_attainment", "usda_bachelor_25plus_pct")
    compared = missing = 0
    for row in rows:
        code = (
            "USA"
            if row[0] == "00000"
            else "USA-FIPS-" + (row[0][:2] if row[0][2:] == "000" else row[0])
        )
        for year, at in heads.items():
            value, status = cells[code, "all", year]
            if not row[at] or value is None:
                assert value is None and status == "M"
                missing += 1
                continue
            assert value == pytest.approx(float(row[at]), abs=0.0501), (code, year)
            compared += 1
    assert compared > 16_200 and missing < 160


RECOMPUTED = ("broadband_adoption", "tertiary_enrolment", "indigenous_patent_share")


def test_reach_of_the_two_exporters(con: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    """Concentration and the part of high-income economies, of all products, from the rows."""
    (path,) = (real_data / "trade/baci").glob("BACI_HS17_Y2020*.csv.gz")
    with gzip.open(path, "rt") as lines:
        rows = [(r["i"], r["j"], r["k"].zfill(6), float(r["v"])) for r in csv.DictReader(lines)]
    seeds = PROJECT_ROOT / "dbt_project" / "seeds" / "reference"
    with (seeds / "high_income_economies.csv").open(encoding="utf-8") as lines:
        rich = {row["geo_id"] for row in csv.DictReader(lines)}
    (codes,) = (real_data / "trade/baci").glob("country_codes_V202201.csv")
    with codes.open(encoding="latin-1") as lines:
        iso3 = {row["country_code"]: row["iso_3digit_alpha"] for row in csv.DictReader(lines)}
    iso3["490"] = "TWN"
    importers, products = {j for _, j, _, _ in rows}, {k for _, _, k, _ in rows}
    markets = published(con, "hhi_market", "baci_importers")
    items = published(con, "hhi_product", "baci_hs6")
    shares = published(con, "developed_market_share", "baci_high_income")
    for geo, exporter in (("AFG", "4"), ("ZAF", "710")):
        by_market: dict[str, float] = defaultdict(float)
        by_product: dict[str, float] = defaultdict(float)
        for i, j, k, v in rows:
            if i == exporter:
                by_market[j] += v
                by_product[k] += v
        total = sum(by_market.values())
        for cells, amounts, n in (
            (markets, by_market, len(importers - {exporter})),
            (items, by_product, len(products)),
        ):
            squares = sum((v / total) ** 2 for v in amounts.values())
            expected = (squares - 1 / n) / (1 - 1 / n)
            assert cells[geo, "all", "2020"][0] == pytest.approx(expected, rel=1e-9)
        to_rich = sum(v for j, v in by_market.items() if iso3.get(j) in rich)
        value, status = shares[geo, "all", "2020"]
        assert value == pytest.approx(to_rich / total, rel=1e-9) and status == "U"
    assert {geo for geo, _, _ in markets} >= {"TWN", "USA", "PNG"}


def economy_cells(data: Path, limit: str) -> dict[tuple[str, ...], float]:
    """Every figure that the World Bank's series give, as they stood on a day."""
    cells: dict[tuple[str, ...], float] = {}
    for indicator, code in (
        ("broadband_adoption", "IT.NET.BBND.P2"),
        ("tertiary_enrolment", "SE.TER.ENRR"),
    ):
        cells |= {(indicator, *key): value for key, value in wdi(data, code, limit).items()}
    resident, foreign = (wdi(data, code, limit) for code in ("IP.PAT.RESD", "IP.PAT.NRES"))
    for key in resident.keys() & foreign.keys():
        if total := resident[key] + foreign[key]:
            cells["indigenous_patent_share", *key] = resident[key] / total
    return cells


def test_revision_log_holds_exactly_what_the_newer_vintage_changed(
    con: duckdb.DuckDBPyConnection, real_home: Path, real_data: Path
) -> None:
    first, second = warehouse.releases(real_home)
    changes = pl.read_parquet(real_home / "history" / f"changes_{second.release_id}.parquet")
    moved: dict[str, set[tuple[str, ...]]] = {"added": set(), "changed": set(), "dropped": set()}
    row: dict[str, Any]
    for row in changes.to_dicts():
        key = (row["indicator_id"], row["geo_id"], row["period"])
        if row["old_value"] is None and row["new_value"] is None:
            continue  # a blank cell was listed, or says another reason
        if row["indicator_id"] not in RECOMPUTED:
            continue  # counted from both releases in test_provenance
        if row["change"] == "rounding":
            continue  # the publisher wrote the same figure with other last digits
        kind = (
            "added"
            if row["old_value"] is None
            else "dropped"
            if row["new_value"] is None
            else "changed"
        )
        moved[kind].add(key)
    old_cells, new_cells = (economy_cells(real_data, limit) for limit in (OLDER, NEWER))
    expected = {
        "added": new_cells.keys() - old_cells.keys(),
        "dropped": old_cells.keys() - new_cells.keys(),
        "changed": {
            key
            for key in old_cells.keys() & new_cells.keys()
            if abs(old_cells[key] - new_cells[key])
            > 1e-9 * max(abs(old_cells[key]), abs(new_cells[key]))
        },
    }
    assert moved == expected
    assert all(len(keys) > 10 for keys in moved.values()), {k: len(v) for k, v in moved.items()}
    assert first.changed == first.dropped == 0


def test_a_third_night_with_nothing_new_does_nothing(real_home: Path, real_data: Path) -> None:
    before = sorted(path.name for path in real_home.glob("raw/**/*"))
    report = night(real_home, real_data, NEWER)
    assert report.release is None and report.plan is not None and not report.plan.needed
    assert sorted(path.name for path in real_home.glob("raw/**/*")) == before


def test_every_row_is_accounted_for(con: duckdb.DuckDBPyConnection, real_data: Path) -> None:
    landed = dict(
        con.execute(
            "select source_id || '/' || part, rows_landed from meta.source_snapshot "
            "where rows_landed = rows_promoted + rows_quarantined"
        ).fetchall()
    )
    total = con.execute("select count(*) from meta.source_snapshot").fetchall()[0][0]
    assert len(landed) == total
    for year in range(2017, 2022):
        packed = real_data / f"us/cbp/cbp{year % 100}co.txt.gz"
        rows = gzip.decompress(packed.read_bytes()).count(b"\n") - 1
        assert landed[f"cbp/{year}"] in (rows, rows + 1)
    with gzip.open(real_data / "us/bds/bds2018_st.csv.gz") as lines:
        assert landed["bds/states"] == len(list(csv.reader(io.TextIOWrapper(lines)))) - 1
