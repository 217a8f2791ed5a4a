"""Every source against hand-made replies in its wire format: read, proven, refused."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines import contracts
from pipelines.errors import ConfigError, Incomplete, SchemaDrift
from pipelines.http.classify import Media, Outcome
from pipelines.http.client import RequestSpec
from pipelines.landing import Landed
from pipelines.landing_store import kept_file
from pipelines.settings import Settings
from pipelines.sources import baci
from pipelines.sources.base import (
    Answer,
    Source,
    discover,
    read_csv,
    read_member_batches,
    select,
)
from pipelines.sources.wdi import read_series, series_codes, series_list

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SETTINGS = Settings(today=date(2026, 11, 23))
SOURCES = discover()


def landed(folder: Path, name: str, body: bytes, media: Media, url: str = "") -> Landed:
    path = folder / name
    path.write_bytes(body)
    url = url or f"https://x.example/{name}"
    return Landed(f"sha-{hash(body)}", kept_file(path), media, url, NOW,
                  None, "Thu, 24 Feb 2022 00:00:00 GMT")  # fmt: skip


def zipped(members: dict[str, str | bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return sink.getvalue()


def read(source: Source, part: str, replies: list[Landed]) -> dict[str, contracts.Gated]:
    return {
        chunk.table: contracts.apply(source.table(chunk.table), chunk.rows, part)
        for chunk in source.parse(part, replies)
    }


# ------------------------------------------------------------ all sources


@pytest.mark.parametrize("source", SOURCES.values(), ids=list(SOURCES))
def test_a_source_says_who_it_is_and_under_which_licence(source: Source) -> None:
    assert source.licence.attribution and source.licence.url.startswith("https://")
    assert source.title and source.publisher and source.cadence and source.max_age_days > 0
    assert source.parts(SETTINGS) == list(dict.fromkeys(source.parts(SETTINGS)))
    for table in source.tables:
        names = {column.name for column in table.columns}
        assert set(table.key) <= names and (table.period is None or table.period in names)
        assert all(c.required for c in table.columns if c.name in table.key)
    for part in source.parts(SETTINGS):
        first = source.next_request(part, [], SETTINGS)
        assert first is not None and first.url.startswith("https://")
        assert (first.source, first.part) == (source.id, part)


def test_unknown_source_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError,
        match=f"no source atlantis; there are {', '.join(discover())}",
    ):
        select(["wdi", "atlantis"], Settings())
    assert list(select(["wdi"], Settings())) == ["wdi"]


# ------------------------------------------------------------ World Bank


def row(code: str, iso3: str, year: str, value: object, **more: object) -> dict[str, object]:
    return {
        "indicator": {"id": code, "value": "A name"}, "country": {"id": "XX", "value": "X"},
        "countryiso3code": iso3, "date": year, "value": value, "unit": "", "obs_status": "",
        "decimal": 0, **more,
    }  # fmt: skip


def page(rows: list[dict[str, object]], number: int = 1, pages: int = 1, total: int = 0,
         updated: str = "2026-07-13") -> bytes:  # fmt: skip
    header = {"page": number, "pages": str(pages), "per_page": "10000",
              "total": total or len(rows), "lastupdated": updated}  # fmt: skip
    return json.dumps([header, rows]).encode()


def test_wdi_series_name_an_owner_a_licence_and_why_a_frozen_one_ended() -> None:
    wdi, listed = SOURCES["wdi"], series_list()
    assert len(listed) == 46
    design = (
        "IT.NET.BBND.P2 IC.ELC.OUTG.ZS IC.FRM.OUTG.ZS EG.ELC.ACCS.ZS SH.H2O.SMDW.ZS IC.REG.DURS "
        "IC.REG.COST.PC.ZS EN.ATM.PM25.MC.M3 IP.PAT.RESD IP.PAT.NRES BX.KLT.DINV.WD.GD.ZS "
        "BX.GSR.ROYL.CD BM.GSR.ROYL.CD SE.TER.CUAT.BA.ZS IC.FRM.TRNG.ZS TX.VAL.MRCH.HI.ZS "
        "TM.TAX.MRCH.WM.AR.ZS NY.GDP.TOTL.RT.ZS IC.BUS.NDNS.ZS LP.LPI.INFR.XQ GB.XPD.RSDV.GD.ZS "
        "SE.TER.ENRR NY.GNP.PCAP.CD NY.GDP.PCAP.PP.KD SP.POP.TOTL"
    )
    assert set(design.split()) <= set(listed)
    frozen = {code: series.last_year for code, series in listed.items() if series.last_year}
    assert frozen == dict.fromkeys(("IC.REG.DURS", "IC.REG.COST.PC.ZS", "IC.REG.PROC"), 2019)
    assert "Doing Business was discontinued" in wdi.settled("IC.REG.DURS")
    assert wdi.settled("SP.POP.TOTL") == wdi.settled("economies") == ""
    assert "International Telecommunication Union" in wdi.part_licence("IT.NET.BBND.P2").attribution
    assert wdi.part_licence("economies") == wdi.licence
    assert {s.licence.id for s in listed.values()} <= {licence.id for licence in wdi.licences()}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("A.B,scale,CC0,X,,,", "line 3, column licence_id: 'CC0' is not one of CC-BY-4.0"),
        ("A.B,beauty,CC-BY-4.0,X,,,", "column theme: 'beauty' is not one of cross_border"),
        ("A.B,scale,CC-BY-4.0,X,2019,,", "column frozen_reason: '' is not a reason where"),
        ("A.B,scale,CC-BY-4.0,X,,gone,", "column frozen_reason: 'gone' is not a reason where"),
        ("A.B,scale,CC-BY-4.0,X,soon,gone,", "column last_year: 'soon' is not a year"),
        ("A.B,scale,CC-BY-4.0,,,,", "column owner: '' is not the owner"),
        ("Q.Q,scale,CC-BY-4.0,X,,,", "column indicator_code: 'Q.Q' is not a code, once"),
    ],
)
def test_a_wrong_line_of_the_series_list_is_named(line: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "wdi_series.csv"
    head = "indicator_code,theme,licence_id,owner,last_year,frozen_reason,note\n"
    path.write_text(f"{head}Q.Q,scale,ITU-terms,X,,,\n{line}\n")
    with pytest.raises(ConfigError, match=f"wdi_series.csv, .*{re.escape(why)}"):
        read_series(path)


def test_a_series_under_its_owner_s_terms_is_kept_back(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    head = "indicator_code,theme,licence_id,owner,last_year,frozen_reason,note\n"
    path.write_text(f"{head}IT.NET.USER.FE.ZS,scale,ITU-terms,ITU,,,\n")
    licence = read_series(path)["IT.NET.USER.FE.ZS"].licence
    assert licence.non_commercial and not licence.redistribute_raw


def test_wdi_skips_what_a_setting_names_and_refuses_a_name_that_it_does_not_know() -> None:
    wdi = SOURCES["wdi"]
    fewer = wdi.parts(Settings(wdi_skip=("IC.REG.DURS",)))
    assert set(wdi.parts(SETTINGS)) - set(fewer) == {"IC.REG.DURS"}
    with pytest.raises(ConfigError, match=r"CLUSTERKPI_WDI_SKIP: NO\.SUCH is no series of"):
        wdi.parts(Settings(wdi_skip=("NO.SUCH",)))


def test_wdi_reads_rows_with_extra_fields_nulls_and_aggregates(tmp_path: Path) -> None:
    wdi, code = SOURCES["wdi"], "SP.POP.TOTL"
    rows = [row(code, "", "2020", 1e9, scale="1"), row(code, "AUS", "2020", 5081769542379.77),
            row(code, "BRN", "2020", None), row(code, "CHL", "2020", "n/a"),
            row(code, "CHN", "20X5", 1)]  # fmt: skip
    reply = landed(tmp_path, "p1", page(rows), Media.JSON)
    gated = read(wdi, code, [reply])["observations"]
    values = dict(zip(gated.good["economy_code_wdi"], gated.good["value"], strict=True))
    assert values == {"XX": 1e9, "AUS": 5081769542379.77, "BRN": None}
    assert dict(zip(gated.bad["_row_no"], gated.bad["rule"], strict=True)) == {
        4: "not_a_number", 5: "not_a_integer",
    }  # fmt: skip
    assert gated.good["source_updated_on"].unique().to_list() == [date(2026, 7, 13)]


def test_wdi_pages_until_the_header_says_so(tmp_path: Path) -> None:
    wdi, code = SOURCES["wdi"], "SP.POP.TOTL"
    first = wdi.next_request(code, [], SETTINGS)
    assert first is not None and dict(first.params)["page"] == "1"
    reply = landed(
        tmp_path, "p1", page([row(code, "AUS", "2020", 1)], pages=2, total=2), Media.JSON
    )
    answers = [Answer(first, Outcome.OK, reply)]
    second = wdi.next_request(code, answers, SETTINGS)
    assert second is not None and dict(second.params)["page"] == "2"
    assert wdi.next_request(code, [*answers, Answer(second, Outcome.OK, reply)], SETTINGS) is None


def test_wdi_incomplete_and_torn_deliveries_are_refused(tmp_path: Path) -> None:
    wdi, code = SOURCES["wdi"], "SP.POP.TOTL"
    one = [row(code, "AUS", "2020", 1)]
    short = landed(tmp_path, "short", page(one, total=2), Media.JSON)
    with pytest.raises(Incomplete, match="1 rows came, 2 were announced") as caught:
        wdi.prove(code, [short])
    assert caught.value.outcome == Outcome.TRUNCATED
    a = landed(tmp_path, "a", page(one, 1, 2, 2), Media.JSON)
    b = landed(tmp_path, "b", page(one, 2, 2, 2, updated="2026-07-14"), Media.JSON)
    with pytest.raises(Incomplete) as torn:
        wdi.prove(code, [a, b])
    assert torn.value.outcome == Outcome.TORN


def test_wdi_canonical_hash_ignores_paging_order_and_date(tmp_path: Path) -> None:
    wdi, code = SOURCES["wdi"], "SP.POP.TOTL"
    x, y = row(code, "AUS", "2020", 1), row(code, "CHL", "2020", 2)
    whole = landed(tmp_path, "w", page([x, y]), Media.JSON)
    parts = [landed(tmp_path, "1", page([y], 1, 2, 2, "2026-08-01"), Media.JSON),
             landed(tmp_path, "2", page([x], 2, 2, 2, "2026-08-01"), Media.JSON)]  # fmt: skip
    assert wdi.canonical_sha256(code, [whole]) == wdi.canonical_sha256(code, parts)
    other = landed(tmp_path, "o", page([x, {**y, "value": 3}]), Media.JSON)
    assert wdi.canonical_sha256(code, [whole]) != wdi.canonical_sha256(code, [other])


def test_wdi_missing_field_and_odd_signal_are_schema_drift(tmp_path: Path) -> None:
    wdi, code = SOURCES["wdi"], "SP.POP.TOTL"
    lost = row(code, "AUS", "2020", 1)
    del lost["countryiso3code"]
    with pytest.raises(SchemaDrift, match="row 1 lacks the field 'countryiso3code'"):
        list(wdi.parse(code, [landed(tmp_path, "p", page([lost]), Media.JSON)]))
    database = b'[{"page":"1"},[{"id":"2","lastupdated":"2026-07-13"}]]'
    assert wdi.read_signal(database, code) == "2026-07-13"
    with pytest.raises(SchemaDrift, match="lastupdated"):
        wdi.read_signal(b'[{"page":"1"},[]]', code)


def test_wdi_series_are_unique() -> None:
    assert len(series_codes()) == len(set(series_codes())) >= 16


# ------------------------------------------------------------ BACI

FLOWS = "t,i,j,k,v,q\n2020,36,490,010121,12.5,              NA\n2020,842,36,10121,0.164,2.5\n"
ECONOMIES = 'country_code,country_name,country_iso2,country_iso3\n384,"Côte d\'Ivoire",CI,CIV\n'
PRODUCTS = "code,description\n010121,Horses\n"
BACI_FILES: dict[str, str | bytes] = {
    "BACI_HS17_Y2020_V202201.csv": FLOWS,
    "country_codes_V202201.csv": ECONOMIES.encode("latin-1"),
    "product_codes_HS17_V202201.csv": PRODUCTS,
    "Readme.txt": "x",
}


def test_baci_keeps_leading_zeros_padded_missing_and_latin1(tmp_path: Path) -> None:
    baci, part = SOURCES["baci"], "HS17_V202201"
    reply = landed(tmp_path, "b.zip", zipped(BACI_FILES), Media.ZIP)
    tables = read(baci, part, [reply])
    flows = tables["flows"].good
    assert flows["product_code"].to_list() == ["010121", "010121"]
    assert flows["quantity_tonnes"].to_list() == [None, 2.5]
    assert [str(v) for v in flows["value_kusd"]] == ["12.500", "0.164"]
    assert flows["importer_code"].to_list() == ["490", "36"]
    assert tables["economies"].good["economy_name"].to_list() == ["Côte d'Ivoire"]
    assert baci.prove(part, [reply]).version == "V202201"


def test_baci_older_headers_are_understood(tmp_path: Path) -> None:
    older = (
        "country_code,country_name_abbreviation,country_name_full,"
        "iso_2digit_alpha,iso_3digit_alpha\n"
    )
    files = {**BACI_FILES, "country_codes_V202201.csv": older + "4,Afg.,Afghanistan,AF,AFG\n"}
    reply = landed(tmp_path, "b.zip", zipped(files), Media.ZIP)
    economies = read(SOURCES["baci"], "HS17_V202201", [reply])["economies"].good
    assert economies.row(0)[1:5] == ("4", "Afghanistan", "AF", "AFG")


def test_baci_versions_are_never_mixed(tmp_path: Path) -> None:
    files = {**BACI_FILES, "BACI_HS17_Y2021_V202301.csv": FLOWS}
    reply = landed(tmp_path, "b.zip", zipped(files), Media.ZIP)
    with pytest.raises(SchemaDrift, match="never mixed"):
        list(SOURCES["baci"].parse("HS17_V202201", [reply]))


def test_baci_release_must_name_revision_and_version() -> None:
    with pytest.raises(ConfigError, match="HS17_V202601"):
        SOURCES["baci"].parts(Settings(baci_release="latest"))


def test_damaged_zip_is_no_delivery(tmp_path: Path) -> None:
    whole = zipped(BACI_FILES)
    cut = landed(tmp_path, "cut.zip", whole[: len(whole) // 2], Media.ZIP)
    with pytest.raises(Incomplete, match="no whole zip"):
        SOURCES["baci"].prove("HS17_V202201", [cut])
    flipped = bytearray(whole)
    flipped[60] ^= 0xFF
    bad = landed(tmp_path, "bad.zip", bytes(flipped), Media.ZIP)
    with pytest.raises(Incomplete):
        SOURCES["baci"].prove("HS17_V202201", [bad])


def test_zip_canonical_hash_ignores_packaging(tmp_path: Path) -> None:
    plain = landed(tmp_path, "p.zip", zipped(BACI_FILES), Media.ZIP)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in reversed(BACI_FILES.items()):
            archive.writestr(zipfile.ZipInfo(name, (1999, 1, 1, 0, 0, 0)), text)
    packed = landed(tmp_path, "q.zip", sink.getvalue(), Media.ZIP)
    baci = SOURCES["baci"]
    assert baci.canonical_sha256("HS17_V202201", [plain]) == baci.canonical_sha256("", [packed])


# ------------------------------------------------------------ Census

BDS_HEADER = (
    "year,st,firms,estabs,emp,denom,estabs_entry,estabs_entry_rate,estabs_exit,estabs_exit_rate,"
    "job_creation,job_destruction,firmdeath_firms,firmdeath_estabs,firmdeath_emp\n"
)


def test_bds_pads_fips_and_reads_codes(tmp_path: Path) -> None:
    body = BDS_HEADER + "1978,1,54,65,10,9,7,16.375,(D),(D),5,4,(S),3,(X)\n"
    body += "1979,6,abc,65,10,9,7,16.375,1,1,5,4,3,3,3"  # the official file has no last line end
    reply = landed(tmp_path, "bds2018_st.csv", body.encode(), Media.CSV)
    bds = SOURCES["bds"]
    assert bds.prove("states", [reply]).version == "2018"
    gated = read(bds, "states", [reply])["states"]
    good = gated.good.row(0, named=True)
    assert good["state_code_fips"] == "01" and good["estabs_exit_count"] is None
    assert good["estabs_exit_count_status"] == "suppressed"
    assert good["firmdeath_firms_count_status"] == "low_reliability"
    assert good["estabs_entry_rate_pct"] == 16.375 and good["bds_release"] == "2018"
    assert gated.bad["rule"].to_list() == ["not_a_integer"]


def test_bds_takes_the_newest_release_that_exists(tmp_path: Path) -> None:
    bds, answers = SOURCES["bds"], []
    for year in (2024, 2023):
        spec = bds.next_request("states", answers, SETTINGS)
        assert spec is not None and f"/{year}/bds{year}_st.csv" in spec.url
        answers.append(Answer(spec, Outcome.NOT_YET_PUBLISHED, None))
    spec = bds.next_request("states", answers, SETTINGS)
    assert spec is not None
    reply = landed(tmp_path, "f", b"a\n1\n", Media.CSV)
    assert bds.next_request("states", [*answers, Answer(spec, Outcome.OK, reply)], SETTINGS) is None
    nowhere = [Answer(RequestSpec("bds", "states", "u"), Outcome.NOT_YET_PUBLISHED, None)] * 7
    assert bds.next_request("states", nowhere, SETTINGS) is None


def test_csv_cut_in_mid_row_is_no_delivery(tmp_path: Path) -> None:
    body = BDS_HEADER + "1978,1,54,65,10,9"
    with pytest.raises(Incomplete, match="6 cells, the header 15"):
        SOURCES["bds"].prove(
            "states", [landed(tmp_path, "bds2018_st.csv", body.encode(), Media.CSV)]
        )


CBP_HEADER = (
    "fipstate,fipscty,naics,emp_nf,emp,qp1_nf,qp1,ap_nf,ap,est,n<5,n5_9,n10_19,n20_49,n50_99,"
    "n100_249,n250_499,n500_999,n1000,n1000_1,n1000_2,n1000_3,n1000_4\n"
)


def test_cbp_keeps_flags_levels_and_size_codes(tmp_path: Path) -> None:
    rows = [
        "01,001,------,G,79,G,5,G,4179,7,3,N,N,N,N,N,N,N,N,N,N,N,N",
        "01,001,1133//,D,0,D,0,D,0,3,N,N,N,N,N,N,N,N,N,N,N,N,N",
        "01,001,11x3//,,1,,,,1,3,N,N,N,N,N,N,N,N,N,N,N,N,N",
        "01,001,113310,,1,,,,1,1x,N,N,N,N,N,N,N,N,N,N,N,N,N",
    ]
    body = zipped({"cbp18co.txt": CBP_HEADER + "\n".join(rows) + "\n"})
    reply = landed(tmp_path, "cbp18co.zip", body, Media.ZIP)
    gated = read(SOURCES["cbp"], "2018", [reply])["counties"]
    assert gated.good["emp_noise_flag"].to_list() == ["G", "D"]
    assert gated.good["estabs_lt5_count"].to_list() == [3, None]
    assert gated.good["estabs_lt5_count_status"].to_list() == [None, "not_applicable"]
    assert gated.good["period_year"].to_list() == [2018, 2018]
    assert gated.bad["rule"].to_list() == ["pattern", "not_a_integer"]


def test_cbp_missing_member_is_schema_drift(tmp_path: Path) -> None:
    reply = landed(tmp_path, "cbp18co.zip", zipped({"other.txt": CBP_HEADER}), Media.ZIP)
    with pytest.raises(SchemaDrift, match=r"cbp18co\.txt.*missing.*other\.txt"):
        list(SOURCES["cbp"].parse("2018", [reply]))


def test_every_promoted_column_has_a_duckdb_type() -> None:
    for source in SOURCES.values():
        for table in source.tables:
            frame = pl.DataFrame(
                {"_row_no": pl.Series([], dtype=pl.Int64)}
                | {c.header: pl.Series([], dtype=pl.String) for c in table.columns}
            )
            good = contracts.apply(table, frame, "f").good
            assert set(good.columns) <= {name for name, _ in table.duckdb_columns()}


# ------------------------------------------------------------ files in batches


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    "text",
    ["a,b\n1,x\n22,y\n333,z\n", "a,b\r\n1,x\r\n22,y", 'a,b\n1,x\n22,"y\nz"\n3,w\n', "a,b\n"],
    ids=["plain", "no last line end", "a line end in quotes", "header only"],
)
def test_batches_of_a_member_are_its_rows_in_order(tmp_path: Path, text: str, size: int) -> None:
    reply = landed(tmp_path, "x.zip", zipped({"m.csv": text}), Media.ZIP)
    whole = read_csv(text.encode(), "m.csv")
    batches = list(read_member_batches(reply, "m.csv", size))
    assert pl.concat(batches).equals(whole)
    assert len(batches) <= 2 or size < len(text)  # a last line without an end is one of its own


def test_a_member_that_is_not_there_is_named(tmp_path: Path) -> None:
    reply = landed(tmp_path, "x.zip", zipped({"m.csv": "a\n1\n"}), Media.ZIP)
    with pytest.raises(SchemaDrift, match=r"member 'n\.csv' is missing; the archive has m\.csv"):
        next(read_member_batches(reply, "n.csv", 10))


def test_trade_is_the_same_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"2024,{4 + n},842,{10121 + n % 7},{n}.5,  NA\n" for n in range(40)]
    body = zipped({
        "BACI_HS17_Y2024_V202601.csv": "t,i,j,k,v,q\n" + "".join(lines),
        "country_codes_V202601.csv":
            "country_code,country_name,country_iso2,country_iso3\n4,A,AF,AFG\n",
        "product_codes_HS17_V202601.csv": "code,description\n010121,Horses\n",
    })  # fmt: skip
    reply = landed(tmp_path, "b.zip", body, Media.ZIP)
    whole = list(baci.SOURCE.parse("HS17_V202601", [reply]))
    monkeypatch.setattr(baci, "_BATCH_BYTES", 100)
    batches = list(baci.SOURCE.parse("HS17_V202601", [reply]))
    flows = [chunk.rows for chunk in batches if chunk.table == "flows"]
    assert len(flows) > 5 and pl.concat(flows).equals(whole[0].rows)
    assert set(whole[0].rows["k"].str.len_bytes()) == {6}
