"""Files of the Census Bureau beyond counties and states: cuts, sizes, margins of error."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from pipelines.errors import ConfigError, Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.settings import Settings
from pipelines.sources import acs, bds, cbp, susb
from pipelines.sources.base import Answer
from tests.replies import cells, parsed, reply

WWW2 = "https://www2.census.gov/programs-surveys"
BDS_MEASURES = (
    "firms,estabs,emp,denom,estabs_entry,estabs_entry_rate,estabs_exit,estabs_exit_rate,"
    "job_creation,job_destruction,firmdeath_firms,firmdeath_estabs,firmdeath_emp"
)
BDS_FIGURES = "10,20,300,290,2,10.5,1,5.2,30,20,(D),(D),(D)"


STATE = "state_code_fips"


@pytest.mark.parametrize(
    ("part", "suffix", "header", "codes", "names", "expected"),
    [
        ("state_sectors", "st_sec", "st,sector", "1,31-33", (STATE, "sector_code_naics"),
         ("01", "31-33")),
        ("metros", "msa", "msa", "10180", ("metro_code_cbsa",), ("10180",)),
        ("counties", "st_cty", "st,cty", "1,3", (STATE, "county_code_fips"), ("01", "003")),
        ("firm_ages", "fa", "fage", "l) Left Censored", ("firm_age_class",), ("l) Left Censored",)),
    ],
)  # fmt: skip
def test_every_cut_of_bds_is_read_with_padded_codes(
    tmp_path: Path, part: str, suffix: str, header: str, codes: str, names: tuple, expected: tuple
) -> None:
    text = f"year,{header},{BDS_MEASURES}\n2023,{codes},{BDS_FIGURES}\n"
    url = f"{WWW2}/bds/tables/time-series/2023/bds2023_{suffix}.csv"
    got = parsed(bds.SOURCE, part, [reply(tmp_path, text, Media.CSV, url)])
    assert got.bad.is_empty()
    wanted = (*names, "estabs_count", "firmdeath_emp_count", "firmdeath_emp_count_status")
    assert cells(got.good, *wanted) == [(*expected, 20, None, "suppressed")]
    assert got.good["bds_release"].to_list() == ["2023"]
    settings = Settings(profile="live", bds_latest_release=2023)
    assert bds.SOURCE.next_request(part, [], settings).url == url


def test_unknown_table_of_bds_is_named() -> None:
    assert bds.SOURCE.parts(Settings(bds_tables=("metros",))) == ["metros"]
    with pytest.raises(ConfigError, match="no table cities; there are states"):
        bds.SOURCE.parts(Settings(bds_tables=("metros", "cities")))


def cbp_zip(folder: Path, name: str, text: str):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(f"{name}.txt", text)
    return reply(folder, sink.getvalue(), Media.ZIP, f"{WWW2}/cbp/datasets/2021/{name}.zip")


def test_states_of_cbp_keep_flags_sizes_and_legal_forms(tmp_path: Path) -> None:
    text = (
        "fipstate,lfo,naics,emp_nf,emp,qp1_nf,qp1,ap_nf,ap,est,n<5\n"
        "01,-,------,G,900,G,1,H,700,60,30\n"
        "01,C,3111//,D,0,D,0,D,0,4,N\n"
        "01,,3111//,D,0,D,0,D,0,4,N\n"
    )
    got = parsed(cbp.SOURCE, "2021_states", [cbp_zip(tmp_path, "cbp21st", text)])
    names = ("legal_form_code", "naics_code", "emp_noise_flag", "estabs_lt5_count")
    assert cells(got.good, *names, "estabs_lt5_count_status", "estabs_ge1000_count") == [
        ("-", "------", "G", 30, None, None),
        ("C", "3111//", "D", None, "not_applicable", None),
    ]
    assert got.bad["rule"].to_list() == ["required"]


def test_parts_of_cbp_are_years_and_newest_areas() -> None:
    settings = Settings(cbp_first_year=2018, cbp_last_year=2020, cbp_area_years=1)
    assert cbp.SOURCE.parts(settings) == ["2018", "2019", "2020", "2020_states", "2020_metros"]
    assert cbp.SOURCE.next_request("2020_metros", [], settings).url.endswith("/2020/cbp20msa.zip")
    none = Settings(cbp_first_year=2018, cbp_last_year=2018, cbp_area_years=0)
    assert cbp.SOURCE.parts(none) == ["2018"]


def test_metros_of_cbp(tmp_path: Path) -> None:
    text = "msa,naics,emp_nf,emp,qp1_nf,qp1,ap_nf,ap,est\n35620,------,G,900,G,1,H,700,60\n"
    got = parsed(cbp.SOURCE, "2021_metros", [cbp_zip(tmp_path, "cbp21msa", text)])
    assert cells(got.good, "metro_code_cbsa", "emp_count") == [("35620", 900)]


SUSB = (
    "STATE,NAICS,ENTRSIZE,FIRM,ESTB,EMPL,EMPLFL_N,PAYR,PAYRFL_N,STATEDSCR,NAICSDSCR,ENTRSIZEDSCR\n"
)
SUSB_URL = f"{WWW2}/susb/datasets/2021/us_state_6digitnaics_2021.txt"


def test_susb_reads_latin_1_and_leaves_receipts_empty(tmp_path: Path) -> None:
    text = SUSB + (
        '00,--,01,10,20,300,G,999,G,"United States","Total","01: Total"\n'
        '72,31-33,02,1,1,0,D,0,D,"Puerto Rico","Caf\xe9s, bars","02: <5 employees"\n'
        '72,31-33,03,1,1,"1,000",G,0,D,"Puerto Rico","Manufacturing","03: 5-9 employees"\n'
    )
    got = parsed(
        susb.SOURCE, "2021", [reply(tmp_path, text.encode("latin-1"), Media.CSV, SUSB_URL)]
    )
    names = ("state_code_fips", "naics_code", "enterprise_size_name", "emp_count", "receipts_kusd")
    assert cells(got.good, "period_year", *names) == [
        (2021, "00", "--", "01: Total", 300, None),
        (2021, "72", "31-33", "02: <5 employees", 0, None),
    ]
    assert got.bad["reason"].to_list() == ["emp_count is '1,000', which is no integer"]


def test_susb_renamed_column_is_drift(tmp_path: Path) -> None:
    text = SUSB.replace("FIRM", "FIRMS") + "00,--,01,1,1,1,G,1,G,a,b,c\n"
    with pytest.raises(SchemaDrift, match="'FIRM' is missing"):
        parsed(susb.SOURCE, "2021", [reply(tmp_path, text, Media.CSV, SUSB_URL)])


AREAS = {
    "0100000US": ("9000", "-555555555"),
    "0400000US01": ("700", "41"),
    "0500000US01001": ("0", "12"),
    "310M700US35620": ("-666666666", "-222222222"),
    "1500000US010010201001": ("5", "1"),
}


def acs_file(folder: Path, areas: dict[str, tuple[str, str]], table: str = "B28002"):
    pairs = "|".join(f"{table}_{kind}{n:03d}" for n in range(1, 14) for kind in "EM")
    rows = [
        f"{geo}|" + "|".join([estimate, margin] * 13) for geo, (estimate, margin) in areas.items()
    ]
    text = f"GEO_ID|{pairs}\n" + "\n".join(rows) + "\n"
    url = f"{WWW2}/acs/summary_file/2024/table-based-SF/data/5YRData/acsdt5y2024-b28002.dat"
    return reply(folder, text, Media.PSV, url)


def test_acs_pairs_become_rows_and_remarks_no_figures(tmp_path: Path) -> None:
    file = acs_file(tmp_path, AREAS)
    got = parsed(acs.SOURCE, "B28002", [file])
    assert got.bad.is_empty() and got.good.height == 4 * 13  # block groups are no rows of ours
    names = ("area_level", "estimate_count", "estimate_count_status")
    margin = ("margin_of_error_90_count", "margin_of_error_90_count_status")
    first = got.good.filter(line_no=1).sort("area_level")
    assert cells(first, *names, *margin) == [
        ("county", 0.0, None, 12.0, None),
        ("metro", None, "low_reliability", None, "low_reliability"),
        ("nation", 9000.0, None, None, "not_applicable"),
        ("state", 700.0, None, 41.0, None),
    ]
    assert acs.SOURCE.prove("B28002", [file]).version == "2024"


@pytest.mark.parametrize("level", ["0100000US", "0400000US01", "0500000US01001", "310M700US35620"])
def test_acs_without_a_kind_of_area_is_refused(tmp_path: Path, level: str) -> None:
    fewer = {geo: pair for geo, pair in AREAS.items() if geo != level}
    with pytest.raises(Incomplete, match="no row for") as refused:
        acs.SOURCE.prove("B28002", [acs_file(tmp_path, fewer)])
    assert refused.value.outcome == Outcome.TRUNCATED


def test_acs_falls_back_to_the_release_before(tmp_path: Path) -> None:
    settings = Settings(profile="live", acs_latest_release=2025)
    first = acs.SOURCE.next_request("B15003", [], settings)
    assert first.url.endswith("/2025/table-based-SF/data/5YRData/acsdt5y2025-b15003.dat")
    answers = [Answer(first, Outcome.NOT_YET_PUBLISHED, None)]
    assert "/2024/" in acs.SOURCE.next_request("B15003", answers, settings).url
    oldest = Settings(profile="live", acs_latest_release=2021)
    assert acs.SOURCE.next_request("B15003", answers, oldest) is None


def test_acs_renamed_column_is_drift(tmp_path: Path) -> None:
    with pytest.raises(SchemaDrift, match=r"column B28002_E001, .* is not there"):
        parsed(acs.SOURCE, "B28002", [acs_file(tmp_path, AREAS, table="B28003")])
