"""The seeds: complete, unique, consistent with each other, and able to place every real code.

Belongs here: rules on the CSV files and on the shipped outlines.
Does not belong here: how dbt loads them.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pycountry
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "dbt_project" / "seeds"
GEOMETRY = ROOT / "dashboards" / "geometry"

Row = dict[str, str]

COLUMNS = {
    "reference/apec_economies": (
        "geo_id economy_name economy_code_wdi economy_code_baci apec_joined_year"
    ),
    "reference/high_income_economies": "geo_id economy_name income_list gni_year",
    "reference/complexity_filters": "filter_id applies_to value unit reason",
    "reference/composite_input": (
        "indicator_id guideline_id basis goal_low goal_high weight bounds why_these_goalposts"
    ),
    "reference/indicator_catalogue": (
        "indicator_id companion_of block guideline_id core_no levels direction role is_index "
        "sentence what_fills_it"
    ),
    "reference/complexity_exceptions": "applies_to code decision reason",
    "reference/us_states": "state_code_fips state_name state_code_postal",
    "reference/statistical_regions": "geo_type region_code region_name",
    "clusters/industry_group": "industry_scheme industry_code industry_name",
    "clusters/cluster_industry_prefix": "industry_scheme industry_prefix cluster_id",
    "reference/us_territories": "state_code_fips state_name state_code_postal",
    "reference/us_counties": (
        "county_code_fips5 county_name state_code_fips valid_from_year valid_to_year"
    ),
    "reference/us_county_cbsa": (
        "county_code_fips5 cbsa_code cbsa_name cbsa_type delineation_vintage"
    ),
    "reference/us_county_economic_area": (
        "county_code_fips5 economic_area_code economic_area_name delineation_vintage successor_of"
    ),
    "reference/us_county_neighbours": "county_code_fips5 neighbour_code_fips5 distance_km",
    "reference/obs_status": "obs_status label has_value description",
    "reference/bea_industries": "naics_prefix bea_summary_code",
    "reference/bea_summary_names": "bea_summary_code bea_summary_name",
    "reference/guidelines": "guideline_no guideline_id title sentence",
    "codes/economy": "geo_id economy_name economy_kind valid_from_year valid_to_year note",
    "codes/economy_code": "code_scheme code geo_id valid_from_year valid_to_year note",
    "codes/us_county_change": (
        "changed_in_year from_county_code_fips5 to_county_code_fips5 population_2020 why"
    ),
    "concordances/nace_isic": "nace2_code isic4_code",
    "concordances/naics_revision": "from_version from_code to_version to_code",
    "concordances/hs_isic": "hs_prefix isic4_division",
    "concordances/naics_isic": "naics_prefix isic4_division",
    "concordances/nuts_version": (
        "nuts_version valid_from_year valid_to_year nuts1_count nuts2_count nuts3_count regulation"
    ),
    "concordances/nuts_link": (
        "from_version to_version nuts_level from_code to_code population_2018"
    ),
    "concordances/concordance_source": (
        "from_scheme to_scheme method source licence may_be_passed_on"
    ),
    "reference/national_regions": (
        "source_id geo_id_economy region_code region_name region_code_iso3166_2 region_level"
    ),
    "clusters/cluster_definition": (
        "scheme scheme_version cluster_id cluster_name cluster_class technology_class reasoning"
    ),
    "clusters/cluster_industry": ("scheme scheme_version industry_scheme industry_code cluster_id"),
}
KEYS = {
    "reference/apec_economies": ["geo_id"],
    "reference/bea_industries": ["naics_prefix"],
    "reference/high_income_economies": ["geo_id"],
    "reference/bea_summary_names": ["bea_summary_code"],
    "reference/complexity_filters": ["filter_id"],
    "reference/composite_input": ["indicator_id"],
    "reference/indicator_catalogue": ["indicator_id"],
    "reference/complexity_exceptions": ["applies_to", "code"],
    "reference/us_states": ["state_code_fips"],
    "reference/statistical_regions": ["geo_type", "region_code"],
    "clusters/industry_group": ["industry_scheme", "industry_code"],
    "clusters/cluster_industry_prefix": ["industry_prefix"],
    "reference/us_territories": ["state_code_fips"],
    "reference/us_counties": ["county_code_fips5"],
    "reference/us_county_cbsa": ["county_code_fips5"],
    "reference/us_county_economic_area": ["county_code_fips5"],
    "reference/us_county_neighbours": ["county_code_fips5", "neighbour_code_fips5"],
    "reference/obs_status": ["obs_status"],
    "reference/guidelines": ["guideline_no"],
    "reference/national_regions": ["source_id", "region_code"],
    "codes/us_county_change": ["from_county_code_fips5", "to_county_code_fips5"],
    "concordances/nace_isic": ["nace2_code"],
    "concordances/naics_revision": ["from_version", "from_code", "to_code"],
    "concordances/hs_isic": ["hs_prefix"],
    "concordances/naics_isic": ["naics_prefix"],
    "concordances/nuts_version": ["nuts_version"],
    "concordances/nuts_link": ["from_version", "from_code", "to_code"],
    "concordances/concordance_source": ["from_scheme", "to_scheme"],
    "codes/economy": ["geo_id"],
    "codes/economy_code": ["code_scheme", "code", "geo_id"],
    "clusters/cluster_definition": ["scheme", "scheme_version", "cluster_id"],
    "clusters/cluster_industry": [
        "scheme",
        "scheme_version",
        "industry_scheme",
        "industry_code",
    ],
}
MAY_BE_EMPTY = {
    "economy_code_wdi",
    "note",
    "companion_of",
    "core_no",
    "guideline_id",  # structure belongs to none
    "population_2020",
    "region_code_iso3166_2",
    "successor_of",
    "valid_from_year",
    "valid_to_year",
}
GOODS_CLASSES = {"high", "medium_high", "medium_low", "low", "resource"}
TECHNOLOGY_CLASSES = GOODS_CLASSES | {"knowledge_intensive_services", "other_services"}
CODE_FORM = {
    "NAICS2017": r"\d{4}",
    "NAICS2022": r"\d{4}",
    "ISIC4": r"\d{2,3}",
    "HS": r"\d{2}|\d{4}|\d{6}",
}
# ISIC Rev. 4 (United Nations, Statistical Papers M/4/Rev.4): numbers that are no division.
ISIC_GAPS = {4, 34, 40, 44, 48, 54, 57, 67, 76, 83, 89}
# All groups of the divisions that the seed splits.
ISIC_GROUPS = {
    "09": "091 099",
    "10": "101 102 103 104 105 106 107 108",
    "26": "261 262 263 264 265 266 267 268",
    "30": "301 302 303 304 309",
    "32": "321 322 323 324 325 329",
    "49": "491 492 493",
    "53": "531 532",
    "58": "581 582",
    "64": "641 642 643 649",
    "66": "661 662 663",
    "77": "771 772 773 774",
    "85": "851 852 853 854 855",
    "93": "931 932",
}
UNCLASSIFIED = "unclassified"
RESERVED_CHAPTER = "77"  # kept free in the Harmonized System


@cache
def seed(name: str) -> list[Row]:
    """All rows of a seed, as text."""
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@cache
def mapping(scheme: str) -> dict[str, str]:
    """Code → cluster of one classification."""
    rows = seed("clusters/cluster_industry")
    return {r["industry_code"]: r["cluster_id"] for r in rows if r["industry_scheme"] == scheme}


def by_longest_prefix(code: str, table: Mapping[str, str]) -> str | None:
    """The entry of the longest prefix of `code`."""
    prefixes = (code[:length] for length in range(len(code), 1, -1))
    return next((table[prefix] for prefix in prefixes if prefix in table), None)


def gzipped_rows(path: Path) -> Iterator[list[str]]:
    """Rows of a compressed CSV file, without its header."""
    with gzip.open(path, "rt", encoding="latin-1", newline="") as handle:
        yield from itertools.islice(csv.reader(handle), 1, None)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_seed_has_its_columns_and_no_stray_space(name: str) -> None:
    rows = seed(name)
    assert rows
    for row in rows:
        assert list(row) == COLUMNS[name].split()
        for column, value in row.items():
            assert value == value.strip(), (name, column, value)
            assert value or column in MAY_BE_EMPTY, (name, column, row)


@pytest.mark.parametrize("name", KEYS)
def test_the_key_of_a_seed_is_unique(name: str) -> None:
    counts = Counter(tuple(row[column] for column in KEYS[name]) for row in seed(name))
    assert [key for key, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("folder", ["reference", "clusters", "codes", "concordances"])
def test_every_column_is_described_and_every_code_is_text(folder: str) -> None:
    (path,) = (SEEDS / folder).glob("*.yml")
    described = {s["name"]: s for s in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]}
    assert {f"{folder}/{name}" for name in described} == {
        n for n in COLUMNS if n.startswith(folder)
    }
    for name, entry in described.items():
        columns = COLUMNS[f"{folder}/{name}"].split()
        types = entry["config"]["column_types"]
        assert entry["description"] and list(types) == columns
        assert [column["name"] for column in entry["columns"]] == columns
        assert all(column["description"] for column in entry["columns"])
        for column in columns:
            if re.search(r"_code(_|$)|_id$|_scheme$", column):
                assert types[column] == "varchar", (name, column)


def test_there_are_21_economies_and_chinese_taipei_is_490_in_baci_and_not_in_wdi() -> None:
    rows = {row["geo_id"]: row for row in seed("reference/apec_economies")}
    assert " ".join(sorted(rows)) == (
        "AUS BRN CAN CHL CHN HKG IDN JPN KOR MEX MYS NZL PER PHL PNG RUS SGP THA TWN USA VNM"
    )
    assert rows["TWN"]["economy_code_baci"] == "490"
    assert rows["USA"]["economy_code_baci"] == "842"
    assert rows["TWN"]["economy_name"] == "Chinese Taipei"
    assert rows["HKG"]["economy_name"] == "Hong Kong, China"
    for geo_id, row in rows.items():
        assert row["economy_code_wdi"] == ("" if geo_id == "TWN" else geo_id)
        assert re.fullmatch(r"[1-9]\d{1,2}", row["economy_code_baci"])
    joined = Counter(row["apec_joined_year"] for row in rows.values())
    assert joined == {"1989": 12, "1991": 3, "1993": 2, "1994": 1, "1998": 3}
    for column in ("economy_name", "economy_code_baci"):
        assert len({row[column] for row in rows.values()}) == 21


def test_states_are_the_fifty_and_the_district() -> None:
    rows = seed("reference/us_states")
    assert len(rows) == 51
    assert all(re.fullmatch(r"\d{2}", row["state_code_fips"]) for row in rows)
    assert all(re.fullmatch(r"[A-Z]{2}", row["state_code_postal"]) for row in rows)
    for column in ("state_name", "state_code_postal"):
        assert len({row[column] for row in rows}) == 51
    assert not {"03", "07", "14", "43", "52"} & {row["state_code_fips"] for row in rows}


def test_a_territory_is_no_state() -> None:
    territories = {tuple(row.values()) for row in seed("reference/us_territories")}
    states = {tuple(row.values()) for row in seed("reference/us_states")}
    for of in range(3):
        assert not {row[of] for row in territories} & {row[of] for row in states}


def test_counties_lie_in_their_state_and_are_told_apart_by_name() -> None:
    rows = seed("reference/us_counties")
    states = {row["state_code_fips"] for row in seed("reference/us_states")}
    for row in rows:
        assert re.fullmatch(r"\d{5}", row["county_code_fips5"])
        assert row["county_code_fips5"][:2] == row["state_code_fips"]
        assert not row["county_code_fips5"].endswith(("000", "999"))
    assert {row["state_code_fips"] for row in rows} == states
    names = Counter((row["state_code_fips"], row["county_name"]) for row in rows)
    assert [name for name, count in names.items() if count > 1] == []


def test_changed_counties_carry_their_years() -> None:
    years = {
        row["county_code_fips5"]: (row["valid_from_year"], row["valid_to_year"])
        for row in seed("reference/us_counties")
    }
    for first, last in years.values():
        assert all(re.fullmatch(r"(20\d\d)?", year) for year in (first, last))
        assert not (first and last) or first <= last
    assert years["46113"] == ("", "2014") and years["46102"] == ("2015", "")
    assert years["02270"] == ("", "2014") and years["02158"] == ("2015", "")
    assert years["02261"][1] >= "2018" and years["02063"] == years["02066"] == ("2019", "")
    former = [code for code in years if re.fullmatch(r"090\d\d", code)]
    regions = [code for code in years if re.fullmatch(r"091\d\d", code)]
    assert len(former) == 8 and all(years[code][1] for code in former)
    assert len(regions) == 9 and all(years[code] == ("2022", "") for code in regions)


def test_connecticut_adds_up_to_its_counties_and_to_its_planning_regions() -> None:
    """Both margins are counts of the census of 2020 as published; the cells are sums of towns."""
    counties, regions = Counter[str](), Counter[str]()
    for row in seed("codes/us_county_change"):
        if row["from_county_code_fips5"].startswith("09"):
            counties[row["from_county_code_fips5"]] += int(row["population_2020"])
            regions[row["to_county_code_fips5"]] += int(row["population_2020"])
    assert counties == {
        "09001": 957_419, "09003": 899_498, "09005": 185_186, "09007": 164_245,
        "09009": 864_835, "09011": 268_555, "09013": 149_788, "09015": 116_418,
    }  # fmt: skip
    assert regions == {
        "09110": 976_248, "09120": 325_778, "09130": 174_225, "09140": 450_376, "09150": 95_348,
        "09160": 112_503, "09170": 570_487, "09180": 280_430, "09190": 620_549,
    }  # fmt: skip
    assert sum(counties.values()) == 3_605_944


def test_every_county_that_ended_since_2010_has_its_successors() -> None:
    rows = seed("codes/us_county_change")
    years = {
        row["county_code_fips5"]: (row["valid_from_year"], row["valid_to_year"])
        for row in seed("reference/us_counties")
    }
    ended = {code for code, (_, last) in years.items() if last >= "2011"}
    assert {row["from_county_code_fips5"] for row in rows} == ended
    for row in rows:
        first, _ = years[row["to_county_code_fips5"]]
        assert not first or first == row["changed_in_year"], row
    several = Counter(row["from_county_code_fips5"] for row in rows)
    for row in rows:
        assert row["population_2020"] or several[row["from_county_code_fips5"]] == 1, row


def test_statuses_are_the_closed_list_and_four_of_them_have_no_value() -> None:
    rows = {row["obs_status"]: row["has_value"] for row in seed("reference/obs_status")}
    assert "".join(sorted(rows)) == "ABCEILMNPQUZ"
    assert {status for status, has in rows.items() if has == "false"} == set("MLCQ")
    assert set(rows.values()) == {"true", "false"}


def test_national_regions_are_all_of_iso_and_belong_to_their_economy() -> None:
    rows = seed("reference/national_regions")
    names = Counter((row["source_id"], row["region_name"]) for row in rows)
    assert set(names.values()) == {1}
    for row in rows:
        assert (row["region_level"] == "region") == bool(row["region_code_iso3166_2"]), row
    for economy in {row["geo_id_economy"] for row in rows}:
        alpha2 = pycountry.countries.get(alpha_3=economy).alpha_2
        ours = [
            row["region_code_iso3166_2"]
            for row in rows
            if row["geo_id_economy"] == economy and row["region_level"] == "region"
        ]
        known = {code.code for code in pycountry.subdivisions.get(country_code=alpha2)}
        assert len(set(ours)) == len(ours) and set(ours) <= known, economy
        # everything but New Zealand's Chatham Islands, which lie outside all regions
        assert known - set(ours) <= {"NZ-CIT"}, economy


def test_guidelines_are_the_seven() -> None:
    rows = seed("reference/guidelines")
    assert [row["guideline_no"] for row in rows] == [str(number) for number in range(1, 8)]
    for row in rows:
        assert row["guideline_id"].startswith(f"g{row['guideline_no']}_")
        assert row["sentence"].endswith(".") and ". " not in row["sentence"]


def test_clusters_use_the_closed_vocabularies_and_give_a_reason() -> None:
    rows = seed("clusters/cluster_definition")
    for row in rows:
        assert (row["scheme"], row["scheme_version"]) == ("clusterkpi", "2026.1")
        assert re.fullmatch(r"[a-z][a-z0-9_]+", row["cluster_id"]) and row["cluster_id"] != "all"
        assert row["cluster_class"] in {"traded", "local"}
        assert row["technology_class"] in TECHNOLOGY_CLASSES
        assert len(row["reasoning"]) > 60
        if row["cluster_class"] == "local":
            assert row["technology_class"] not in GOODS_CLASSES
    for column in ("cluster_name", "reasoning"):
        assert len({row[column] for row in rows}) == len(rows)
    traded = {row["technology_class"] for row in rows if row["cluster_class"] == "traded"}
    assert traded == TECHNOLOGY_CLASSES


def test_every_code_leads_to_a_cluster_and_every_cluster_has_codes() -> None:
    rows = seed("clusters/cluster_industry")
    clusters = {
        (row["scheme"], row["scheme_version"], row["cluster_id"])
        for row in seed("clusters/cluster_definition")
    }
    used = {(row["scheme"], row["scheme_version"], row["cluster_id"]) for row in rows}
    assert used == clusters
    for row in rows:
        assert re.fullmatch(CODE_FORM[row["industry_scheme"]], row["industry_code"]), row
    # A cluster must be visible in both NAICS vintages and, but for the remainder, in ISIC.
    everything = {cluster for _, _, cluster in clusters}
    for scheme in ("NAICS2017", "NAICS2022"):
        assert set(mapping(scheme).values()) == everything
    assert set(mapping("ISIC4").values()) == everything - {UNCLASSIFIED}


def test_a_naics_code_that_both_vintages_share_keeps_its_cluster() -> None:
    old, new = mapping("NAICS2017"), mapping("NAICS2022")
    shared = set(old) & set(new)
    assert len(shared) > 280
    assert {code for code in shared if old[code] != new[code]} == set()


def test_isic_divisions_are_covered_once_whole_or_by_all_their_groups() -> None:
    codes = set(mapping("ISIC4"))
    divisions = {f"{number:02d}" for number in range(1, 100) if number not in ISIC_GAPS}
    assert len(divisions) == 88
    groups = {code for code in codes if len(code) == 3}
    split = {code[:2] for code in groups}
    assert {code for code in codes if len(code) == 2} == divisions - split
    assert split == set(ISIC_GROUPS)
    assert groups == {group for listed in ISIC_GROUPS.values() for group in listed.split()}
    for division in split:
        kept = {mapping("ISIC4")[code] for code in groups if code.startswith(division)}
        assert len(kept) > 1, f"division {division} is split for nothing"


def test_hs_chapters_have_a_default_in_a_goods_cluster_and_exceptions_say_something() -> None:
    table = mapping("HS")
    chapters = {f"{number:02d}" for number in range(1, 98)} - {RESERVED_CHAPTER}
    assert {code for code in table if len(code) == 2} == chapters | {"99"}
    assert {code for code, cluster in table.items() if cluster == UNCLASSIFIED} == {"99"}
    goods = {
        row["cluster_id"]
        for row in seed("clusters/cluster_definition")
        if row["cluster_class"] == "traded" and row["technology_class"] in GOODS_CLASSES
    }
    assert {cluster for code, cluster in table.items() if code != "99"} == goods
    for code, cluster in table.items():
        if len(code) > 2:
            assert by_longest_prefix(code[:-2], table) != cluster, f"{code} repeats its parent"


def test_the_longest_prefix_wins() -> None:
    table = mapping("HS")
    expected = {
        "840710": "aerospace",
        "840734": "automotive",
        "840729": "machinery",
        "847130": "computers_and_communications",
        "854231": "semiconductors_and_components",
        "854430": "automotive",
        "854449": "electrical_equipment",
        "870323": "automotive",
        "871200": "ships_rail_and_other_vehicles",
        "293723": "pharmaceuticals",
        "290511": "chemicals",
        "390110": "chemicals",
        "392690": "rubber_and_plastics",
        "400110": "agriculture_and_livestock",
        "901890": "instruments_and_medical_devices",
        "940360": "furniture_and_consumer_goods",
        "940540": "electrical_equipment",
        "030617": "fishing_and_seafood",
        "160414": "fishing_and_seafood",
    }
    assert {code: by_longest_prefix(code, table) for code in expected} == expected


def rings(arcs: Any) -> Iterator[list[int]]:
    """The rings of a TopoJSON geometry's nested arcs."""
    if arcs and isinstance(arcs[0], int):
        yield arcs
    else:
        for inner in arcs:
            yield from rings(inner)


def ends(arc: list[list[int]]) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last point of a delta-encoded arc."""
    x, y = (sum(point[axis] for point in arc) for axis in (0, 1))
    return (arc[0][0], arc[0][1]), (x, y)


@pytest.mark.parametrize(
    ("file", "name", "form", "shapes"),
    [
        ("us-states.json", "states", r"\d{2}", 51),
        ("us-counties.json", "counties", r"\d{5}", 3142),
        ("world-countries.json", "countries", r"\d{3}", 239),
    ],
)
def test_outlines_are_small_closed_and_keep_text_ids(
    file: str, name: str, form: str, shapes: int
) -> None:
    path = GEOMETRY / file
    assert path.stat().st_size < 1_200_000
    topology = json.loads(path.read_text(encoding="utf-8"))
    geometries = topology["objects"][name]["geometries"]
    assert len(geometries) == shapes
    ids = [shape["id"] for shape in geometries if "id" in shape]
    assert all(isinstance(code, str) and re.fullmatch(form, code) for code in ids)
    assert len(set(ids)) == len(ids)
    points = [ends(arc) for arc in topology["arcs"]]
    used: set[int] = set()
    for shape in geometries:
        for ring in rings(shape["arcs"]):
            walk = [points[n] if n >= 0 else points[~n][::-1] for n in ring]
            used.update(n if n >= 0 else ~n for n in ring)
            for (_, end), (start, _) in zip(walk, [*walk[1:], walk[0]], strict=True):
                assert end == start, f"{file}: a ring of {shape.get('id')} is open"
    assert used == set(range(len(points)))


def test_outlines_join_the_seeds() -> None:
    assert sum(path.stat().st_size for path in GEOMETRY.glob("*.json")) < 2_000_000

    def shapes(file: str, name: str) -> list[dict[str, Any]]:
        text = (GEOMETRY / file).read_text(encoding="utf-8")
        return json.loads(text)["objects"][name]["geometries"]

    states = {shape["id"] for shape in shapes("us-states.json", "states")}
    assert states == {row["state_code_fips"] for row in seed("reference/us_states")}
    counties = {shape["id"] for shape in shapes("us-counties.json", "counties")}
    assert counties <= {row["county_code_fips5"] for row in seed("reference/us_counties")}
    drawn = {
        shape["properties"]["geo_id"]: shape["properties"]["name"]
        for shape in shapes("world-countries.json", "countries")
        if "geo_id" in shape["properties"]
    }
    names = {row["geo_id"]: row["economy_name"] for row in seed("reference/apec_economies")}
    assert drawn == names


@pytest.mark.real
def test_every_four_digit_naics_code_of_both_vintages_has_one_cluster(real_data: Path) -> None:
    path = real_data / "us" / "crosswalks" / "2017_to_2022_NAICS.csv"
    with path.open(newline="", encoding="utf-8-sig") as handle:
        rows = [row for row in csv.reader(handle) if re.fullmatch(r"\d{6}", row[0].strip())]
    assert len(rows) > 1000
    for column, scheme in ((0, "NAICS2017"), (2, "NAICS2022")):
        published = {row[column].strip()[:4] for row in rows}
        assert set(mapping(scheme)) == published | {"9999"}


@pytest.mark.real
def test_every_county_and_industry_of_county_business_patterns_is_known(real_data: Path) -> None:
    counties = {
        row["county_code_fips5"]: (row["valid_from_year"] or "0", row["valid_to_year"] or "9999")
        for row in seed("reference/us_counties")
    }
    paths = sorted((real_data / "us" / "cbp").glob("cbp*co.txt.gz"))
    assert paths
    for path in paths:
        year = f"20{path.name[3:5]}"
        places: set[str] = set()
        industries: set[str] = set()
        for state, county, naics, *_ in gzipped_rows(path):
            places.add(state + county)
            industries.add(naics[:4])
        places = {place for place in places if not place.endswith("999")}
        assert places - set(counties) == set(), path.name
        early_or_late = {p for p in places if not counties[p][0] <= year <= counties[p][1]}
        assert early_or_late == set(), path.name
        four_digit = {code for code in industries if code.isdigit()}
        assert four_digit - set(mapping("NAICS2017")) == set(), path.name


@pytest.mark.real
def test_every_hs6_product_of_baci_resolves(real_data: Path) -> None:
    paths = sorted((real_data / "trade" / "baci").glob("product_codes*.csv.gz"))
    assert paths
    for path in paths:
        codes = {row[0].zfill(6) for row in gzipped_rows(path)}
        assert len(codes) > 5000
        unresolved = {c for c in codes if by_longest_prefix(c, mapping("HS")) is None}
        assert unresolved == set(), path.name
        rest = {c for c in codes if by_longest_prefix(c, mapping("HS")) == UNCLASSIFIED}
        assert rest == {"999999"}, path.name


@pytest.mark.real
def test_economy_codes_are_those_of_baci(real_data: Path) -> None:
    path = real_data / "trade" / "baci" / "country_codes_V202301.csv"
    with path.open(newline="", encoding="latin-1") as handle:
        published = {row["country_code"]: row["iso_3digit_alpha"] for row in csv.DictReader(handle)}
    for row in seed("reference/apec_economies"):
        expected = "N/A" if row["geo_id"] == "TWN" else row["geo_id"]
        assert published[row["economy_code_baci"]] == expected


@pytest.mark.real
def test_no_shipped_outline_is_a_copy_of_a_test_input(real_data: Path) -> None:
    ours = {path.read_bytes().strip() for path in GEOMETRY.glob("*.json")}
    for path in (real_data / "us" / "geometry").iterdir():
        raw = path.read_bytes()
        content = gzip.decompress(raw) if path.suffix == ".gz" else raw
        assert content.strip() not in ours, path.name


def test_counties_belong_to_areas_that_exist() -> None:
    counties = {row["county_code_fips5"] for row in seed("reference/us_counties")}
    areas = {r["county_code_fips5"]: r["cbsa_code"] for r in seed("reference/us_county_cbsa")}
    economic = {
        r["county_code_fips5"]: r["economic_area_code"]
        for r in seed("reference/us_county_economic_area")
    }
    assert set(areas) < counties and set(economic) == counties
    assert len(set(areas.values())) == 925 and len(set(economic.values())) == 179
    # Los Angeles; Manhattan with a county of New Jersey; Connecticut before and after 2022
    assert areas["06037"] == areas["06059"] == "31080"
    assert areas["36061"] == areas["34003"] == "35620"
    assert areas["09003"] == areas["09110"] == "25540"
    assert economic["09001"] == economic["09190"] == economic["36061"] == "118"


def test_neighbours_share_a_line_and_each_pair_stands_once() -> None:
    pairs = {
        (row["county_code_fips5"], row["neighbour_code_fips5"])
        for row in seed("reference/us_county_neighbours")
    }
    assert all(one < other for one, other in pairs)

    def around(county: str) -> set[str]:
        return {b if a == county else a for a, b in pairs if county in (a, b)}

    # Los Angeles: Kern, Orange, San Bernardino, Ventura
    assert around("06037") == {"06029", "06059", "06071", "06111"}
    # Four Corners: Apache AZ and Montezuma CO meet in a point, San Juan NM and San Juan UT too
    assert ("04001", "08083") not in pairs and ("35045", "49037") not in pairs
    assert around("15003") == set()  # Oahu is an island


def test_every_industry_of_the_accounts_has_a_name() -> None:
    bridge = {row["bea_summary_code"] for row in seed("reference/bea_industries")}
    assert bridge == {row["bea_summary_code"] for row in seed("reference/bea_summary_names")}
