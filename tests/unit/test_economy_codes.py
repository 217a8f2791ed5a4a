"""Codes of economies: against an independent list, and every trap by name.

Belongs here: rules on seeds/codes. Does not belong here: how models join them (dbt tests).
"""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pycountry
import pytest

SEEDS = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds"


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def geo(scheme: str, code: str, year: int) -> str | None:
    """The economy that a code means in a year; an error if there are two."""
    found = [
        row["geo_id"]
        for row in rows("codes/economy_code")
        if (row["code_scheme"], row["code"]) == (scheme, code)
        and int(row["valid_from_year"] or 0) <= year <= int(row["valid_to_year"] or 9999)
    ]
    assert len(found) < 2, (scheme, code, year, found)
    return found[0] if found else None


def listed(scheme: str, year: int = 2026) -> dict[str, str]:
    codes = {row["code"] for row in rows("codes/economy_code") if row["code_scheme"] == scheme}
    return {code: place for code in codes if (place := geo(scheme, code, year))}


def test_iso_codes_are_those_of_an_independent_list() -> None:
    countries = list(pycountry.countries)
    assert len(countries) > 245
    assert listed("ISO3166-1-A2") == {c.alpha_2: c.alpha_3 for c in countries}
    assert listed("ISO3166-1-A3") == {c.alpha_3: c.alpha_3 for c in countries}
    assert listed("ISO3166-1-N3") == {c.numeric: c.alpha_3 for c in countries}
    assert listed("M49") == {c.numeric: c.alpha_3 for c in countries if c.alpha_3 != "TWN"}


def test_withdrawn_iso_codes_are_withdrawn_in_an_independent_list_too() -> None:
    known = {c.alpha_3 for c in pycountry.historic_countries} | {"ROM"}  # ROM is in no part of it
    ours = [
        row
        for row in rows("codes/economy_code")
        if row["code_scheme"] == "ISO3166-1-A3" and row["note"].startswith("withdrawn")
    ]
    assert ours and {row["code"] for row in ours} <= known
    ended = {c.alpha_3: int(c.withdrawal_date[:4]) for c in pycountry.historic_countries}
    last = {
        code: max(int(r["valid_to_year"]) for r in ours if r["code"] == code)
        for code in ended
        if any(r["code"] == code for r in ours)
    }
    for code in {row["code"] for row in ours} & set(ended):
        # the last year in statistics is the one of the end, or the one before
        assert 0 <= ended[code] - last[code] <= 1, code


@pytest.mark.parametrize(
    ("scheme", "code", "year", "expected"),
    [
        ("COMTRADE", "842", 2020, "USA"), ("COMTRADE", "841", 1980, "USA"),
        ("COMTRADE", "841", 1981, None), ("COMTRADE", "842", 1980, None),
        ("COMTRADE", "840", 2020, None),
        ("COMTRADE", "704", 2020, "VNM"), ("COMTRADE", "868", 1974, "VNM"),
        ("COMTRADE", "868", 1975, None), ("COMTRADE", "704", 1974, None),
        ("COMTRADE", "251", 2020, "FRA"), ("COMTRADE", "250", 2020, None),
        ("COMTRADE", "699", 2020, "IND"), ("COMTRADE", "356", 2020, None),
        ("COMTRADE", "579", 2020, "NOR"), ("COMTRADE", "757", 2020, "CHE"),
        ("COMTRADE", "490", 2020, "TWN"), ("COMTRADE", "158", 2020, None),
        ("BACI", "490", 2020, "TWN"), ("BACI", "842", 1995, "USA"),
        ("BACI", "58", 1998, "XBL"), ("BACI", "58", 1999, None), ("BACI", "56", 1999, "BEL"),
        ("BACI", "711", 1999, "XSA"), ("BACI", "711", 2000, None), ("BACI", "710", 2000, "ZAF"),
        ("BACI", "710", 1999, None), ("BACI", "736", 2011, "SDN"), ("BACI", "729", 2012, "SDN"),
        ("BACI", "280", 1990, "DEU"), ("BACI", "276", 1991, "DEU"), ("BACI", "278", 1990, "DDR"),
        ("BACI", "381", 2010, "ITA"), ("BACI", "380", 2010, "ITA"),
        ("EUROSTAT", "EL", 2020, "GRC"), ("EUROSTAT", "GR", 2020, None),
        ("EUROSTAT", "UK", 2020, "GBR"), ("EUROSTAT", "GB", 2020, None),
        ("EUROSTAT", "NA", 2020, "NAM"), ("EUROSTAT", "XK", 2020, "XKX"),
        ("WDI", "XKX", 2020, "XKX"), ("WDI", "TWN", 2020, None), ("WDI", "CHI", 2020, "CHI"),
        ("UIS", "TWN", 2020, None), ("OECD", "TWN", 2020, "TWN"), ("OECD", "XKV", 2020, "XKX"),
        ("ISO3166-1-A2", "CS", 1990, "CSK"), ("ISO3166-1-A2", "CS", 2004, "SCG"),
        ("ISO3166-1-A2", "CS", 2020, None), ("ISO3166-1-A3", "ZAR", 1990, "COD"),
        ("IMF", "528", 2020, "TWN"), ("IMF", "111", 2020, "USA"), ("IMF", "582", 2020, "VNM"),
    ],
)  # fmt: skip
def test_every_trap_by_name(scheme: str, code: str, year: int, expected: str | None) -> None:
    assert geo(scheme, code, year) == expected


def test_no_code_means_two_economies_in_any_year() -> None:
    for (scheme, code), group in itertools.groupby(
        sorted(rows("codes/economy_code"), key=lambda row: (row["code_scheme"], row["code"])),
        key=lambda row: (row["code_scheme"], row["code"]),
    ):
        years = {
            int(row[column] or default)
            for row in group
            for column, default in (("valid_from_year", 0), ("valid_to_year", 9999))
        }
        for year in years:
            geo(scheme, code, year)


def test_codes_have_the_form_of_their_scheme_and_economies_are_known() -> None:
    forms = {
        "ISO3166-1-A2": "[A-Z]{2}", "ISO3166-1-A3": "[A-Z]{3}", "ISO3166-1-N3": r"\d{3}",
        "M49": r"\d{3}", "COMTRADE": r"[1-9]\d{0,2}", "BACI": r"[1-9]\d{0,2}", "WDI": "[A-Z]{3}",
        "EUROSTAT": "[A-Z]{2}", "UIS": "[A-Z]{3}", "OECD": "[A-Z]{3}", "IMF": r"\d{3}",
    }  # fmt: skip
    economies = {row["geo_id"]: row for row in rows("codes/economy")}
    assert set(forms) == {row["code_scheme"] for row in rows("codes/economy_code")}
    for row in rows("codes/economy_code"):
        assert re.fullmatch(forms[row["code_scheme"]], row["code"]), row
        assert row["geo_id"] in economies
        assert not row["valid_to_year"] or (row["valid_from_year"] or "0") <= row["valid_to_year"]
    assert {len(geo_id) for geo_id in economies} == {3}
    for former in (row for row in economies.values() if row["economy_kind"] == "former"):
        assert former["valid_to_year"]


def test_members_of_apec_are_as_their_own_list_says() -> None:
    members = rows("reference/apec_economies")
    names = {row["geo_id"]: row["economy_name"] for row in rows("codes/economy")}
    for member in members:
        assert names[member["geo_id"]] == member["economy_name"]
        assert geo("BACI", member["economy_code_baci"], 2024) == member["geo_id"]
        assert geo("COMTRADE", member["economy_code_baci"], 2024) == member["geo_id"]
        if member["economy_code_wdi"]:
            assert geo("WDI", member["economy_code_wdi"], 2024) == member["geo_id"]
    for scheme, least in (("OECD", 21), ("IMF", 21), ("UIS", 20), ("EUROSTAT", 21)):
        counts = Counter(listed(scheme).values())
        assert sum(counts[member["geo_id"]] == 1 for member in members) == least, scheme


@pytest.mark.real
@pytest.mark.parametrize("version", ["202001", "202201", "202301"])
def test_every_code_of_a_baci_release_is_placed_where_its_own_file_says(
    version: str, real_data: Path
) -> None:
    path = real_data / "trade" / "baci" / f"country_codes_V{version}.csv"
    with path.open(newline="", encoding="latin-1") as lines:
        published = {row["country_code"]: row["iso_3digit_alpha"] for row in csv.DictReader(lines)}
    ours = {
        row["code"]: row["geo_id"]
        for row in rows("codes/economy_code")
        if row["code_scheme"] == "BACI"
    }
    differing = {
        code: (iso3, ours.get(code)) for code, iso3 in published.items() if ours.get(code) != iso3
    }
    # unions have an id of their own, groups none; release 2020 wrote ATA for Antigua and Barbuda
    expected = {
        "58": ("BEL", "XBL"), "711": ("ZAF", "XSA"), "490": ("N/A", "TWN"), "697": ("N/A", None),
        "849": ("N/A", None), "28": ("ATA", "ATG"),
    }  # fmt: skip
    assert differing.items() <= expected.items()
    assert differing.keys() >= {"58", "711", "490", "697"}


@pytest.mark.real
def test_every_economy_of_the_world_bank_is_known(real_data: Path) -> None:
    path = real_data / "world_bank" / "wdi_bulk_metadata" / "WDICountry.csv"
    with path.open(newline="", encoding="utf-8-sig") as lines:
        published = {row["Country Code"] for row in csv.DictReader(lines) if row["Region"]}
    assert set(listed("WDI")) == published
