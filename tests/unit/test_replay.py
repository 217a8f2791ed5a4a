"""Replay transport: matching of addresses and every kind of body, on tiny files."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from pathlib import Path

import httpx2 as httpx
import polars as pl
import pytest

from pipelines.errors import ClusterkpiError
from pipelines.http import replay_bodies
from pipelines.http.replay import (
    ReplayIndexError,
    ReplayTransport,
    UnrecordedUrl,
    UrlTemplate,
    load_index,
)

SERIES = "https://api.worldbank.org/v2/country/all/indicator"
COUNTRIES = """\ufeffCountry Code,Table Name,2-alpha code,Region,Income Group,WB-2 code,\
Lending category
JPN,Japan,JP,East Asia & Pacific,High income,JP,
COD,"Congo, Dem. Rep.",CD,Sub-Saharan Africa,Low income,ZR,IDA
CHI,Channel Islands,,Europe & Central Asia,,JG,
HIC,High income,XD,,,XD,
WLD,World,1W,,,1W,
"""
FIGURES = [
    ("A.B", "JPN", "Japan", 2020, 5.0, "2025-01-01"),
    ("A.B", "JPN", "Japan", 2020, 5.5, "2026-01-01"),
    ("A.B", "JPN", "Japan", 2022, 0.1 + 0.2, "2026-01-01"),
    ("A.B", "WLD", "Mundo", 2021, 123456789012.0, "2026-01-01"),
    ("A.B", "HIC", "High income", 2022, -1.25, "2026-01-01"),
    ("A.B", "FCS", "Fragile", 2022, 1.0, "2026-01-01"),
    ("A.B", "JPN", "Japan", 2020, 9.0, "unknown_downloaded_2027-01"),
    ("LATE", "JPN", "Japan", 2020, 1.0, "2026-06-01"),
    ("TWICE", "JPN", "Japan", 2020, 1.0, "2025-01-01"),
    ("TWICE", "JPN", "Japan", 2020, 2.0, "2025-01-01"),
    ("NAMELESS", "JPN", "Japan", 2020, 2.0, "2025-01-01"),
]
WORLD_BANK = """
  - url: https://api.worldbank.org/v2/sources/2?format=json
    body: worldbank_sources
    table: ${data}/figures.parquet
    newest_vintage: ${day}
  - url: https://api.worldbank.org/v2/country?format=json&per_page={per_page}&page={page}
    body: worldbank_economies
    countries: ${data}/countries.csv
    page: "{page}"
    per_page: "{per_page}"
  - url: https://api.worldbank.org/v2/country/all/indicator/{code}?format=json&source=2&per_page={n}&page={p}
    body: worldbank_series
    code: "{code}"
    page: "{p}"
    per_page: "{n}"
    table: ${data}/figures.parquet
    newest_vintage: ${day}
    names: ${data}/names.csv.gz
    countries: ${data}/countries.csv
    alternatives:
      EXC.ERPT: {table: "${data}/excerpt.csv", economy_code: geo, year: time, value: density}
"""
HEAD = """
version: 1
description: >
  Made for
  a test.
licence_notes: ["Nobody: none."]
variables:
  data: {type: folder, help: where the files are}
  day: {type: date, default: "9999-12-31"}
settings: {baci_release: HS17_V202201, cbp_first_year: 2017, today: 2026-11-01}
entries:
"""
STATIC = """
  - url: https://host.test/plain/{name}.bin
    body: file
    file: ${data}/{name}.bin
    last_modified: 2022-02-24
  - url: https://host.test/data.csv
    body: gunzip
    file: ${data}/data17.csv.gz
    content_type: text/csv
  - url: https://host.test/20{yy}/pack{yy}.zip
    body: zip
    members:
      data{yy}.txt: ${data}/data{yy}.csv.gz
      Readme.txt: plain.txt
  - url: https://host.test/2099.csv
    status: 404
  - url: https://host.test/{any}.csv
    status: 503
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files of a recording in `data/`; indexes go beside it, in `index/`."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "plain.txt").write_text("read me\n")
    (folder / "bytes.bin").write_bytes(bytes(range(100)))
    for year in ("17", "18"):
        (folder / f"data{year}.csv.gz").write_bytes(gzip.compress(f"a,b\n{year},2\n".encode()))
    (folder / "countries.csv").write_text(COUNTRIES, encoding="utf-8")
    (folder / "names.csv.gz").write_bytes(
        gzip.compress(
            b"Series Code,Indicator Name\nA.B,A of b (%)\nEXC.ERPT,Excerpt\nLATE,Late\n"
            b"TWICE,Twice\n"
        )
    )
    (folder / "excerpt.csv").write_text("geo,time,density\njpn,2020,1.5\nxyz,2021,2\n")
    columns = ["indicator_code", "economy_code", "economy_name", "year", "value", "vintage"]
    pl.DataFrame(FIGURES, schema=columns, orient="row").write_parquet(folder / "figures.parquet")
    return folder


def write_index(data: Path, text: str) -> Path:
    path = data.parent / "index" / "index.yml"
    path.write_text(text, encoding="utf-8")
    return path


def client(data: Path, entries: str = STATIC + WORLD_BANK, **variables: str) -> httpx.Client:
    index = load_index(write_index(data, HEAD + entries), {"data": str(data), **variables})
    return httpx.Client(transport=ReplayTransport(index))


def series(http: httpx.Client, code: str, page: int = 1, per_page: int = 100) -> list:
    query = {"page": page, "per_page": per_page, "source": 2, "format": "json"}
    return http.get(f"{SERIES}/{code}", params=query).json()


def test_index_tells_what_it_is(data: Path) -> None:
    index = load_index(write_index(data, HEAD + STATIC), {"data": str(data)})
    assert index.description == "Made for a test."
    assert index.realm == "official"
    assert index.licence_notes == ("Nobody: none.",)
    assert index.settings["baci_release"] == "HS17_V202201"
    assert index.settings["today"].isoformat() == "2026-11-01"
    assert [entry.number for entry in index.entries] == [1, 2, 3, 4, 5]


def test_file_is_served_as_it_is_with_its_date(data: Path) -> None:
    reply = client(data).get("https://host.test/plain/bytes.bin")
    assert reply.status_code == 200
    assert reply.content == bytes(range(100))
    assert reply.headers["last-modified"] == "Thu, 24 Feb 2022 00:00:00 GMT"
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["content-length"] == "100"


def test_gunzip_body_without_a_known_date_claims_none(data: Path) -> None:
    reply = client(data).get("https://host.test/data.csv")
    assert reply.text == "a,b\n17,2\n"
    assert reply.headers["content-type"] == "text/csv"
    assert "last-modified" not in reply.headers


def test_a_table_is_served_as_csv_with_whole_counts(tmp_path: Path) -> None:
    table = pl.DataFrame({"area": ["101021008", None], "n": [6.0, None], "share": [0.5, 1.0]})
    table.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "index.yml").write_text(
        "version: 1\ndescription: d\nentries:\n"
        "  - {url: 'https://host.test/t.csv', body: table, table: t.parquet}\n"
    )
    http = httpx.Client(transport=ReplayTransport(load_index(tmp_path / "index.yml", {})))
    reply = http.get("https://host.test/t.csv")
    assert reply.text == "area,n,share\n101021008,6,0.5\n,,1.0\n"
    tag = {"If-None-Match": reply.headers["etag"]}
    assert http.get("https://host.test/t.csv", headers=tag).status_code == 304
    (tmp_path / "t.parquet").write_bytes(b"no parquet")
    with pytest.raises(ReplayIndexError, match=r"entry 1: `table`: .* cannot be read as Parquet"):
        http.get("https://host.test/t.csv")


def test_etag_follows_the_content(data: Path) -> None:
    http = client(data)
    first = http.get("https://host.test/data.csv")
    known = {"If-None-Match": first.headers["etag"]}
    assert http.get("https://host.test/data.csv", headers=known).status_code == 304
    (data / "data17.csv.gz").write_bytes(gzip.compress(b"a,b\n17,3333\n"))
    second = http.get("https://host.test/data.csv", headers=known)
    assert second.status_code == 200
    assert second.text == "a,b\n17,3333\n"


def test_zip_has_official_names_and_the_same_bytes_each_time(data: Path) -> None:
    first = client(data).get("https://host.test/2017/pack17.zip").content
    replay_bodies._zipped.cache_clear()
    again = client(data).get("https://host.test/2017/pack17.zip").content
    assert hashlib.sha256(first).digest() == hashlib.sha256(again).digest()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == ["data17.txt", "Readme.txt"]
        assert archive.read("data17.txt") == b"a,b\n17,2\n"
        assert archive.read("Readme.txt") == b"read me\n"
        assert archive.testzip() is None


def test_zip_is_not_packed_to_say_not_modified(data: Path, monkeypatch) -> None:
    http = client(data)
    tag = http.get("https://host.test/2018/pack18.zip").headers["etag"]
    monkeypatch.setattr(replay_bodies, "_zipped", lambda members: pytest.fail("was packed"))
    reply = http.get("https://host.test/2018/pack18.zip", headers={"If-None-Match": tag})
    assert (reply.status_code, reply.content) == (304, b"")


def test_first_entry_that_fits_answers(data: Path) -> None:
    http = client(data)
    assert http.get("https://host.test/2099.csv").status_code == 404
    assert http.get("https://host.test/2098.csv").status_code == 503
    assert http.get("https://host.test/data.csv").status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://host.test/2017/pack18.zip",  # a repeated placeholder stands for one text
        "http://host.test/data.csv",
        "https://host.test:8443/data.csv",
        "https://other.test/data.csv",
        "https://host.test/data.csv?x=1",
        "https://host.test/a/b.csv",
        "https://host.test/plain/%2e%2e%2fsecret.bin",  # a placeholder never spans folders
        "https://api.worldbank.org/v2/sources/2",
        "https://api.worldbank.org/v2/sources/2?format=xml",
        "https://api.worldbank.org/v2/sources/2?format=json&format=json",
    ],
)
def test_an_address_that_no_entry_fits_is_an_error(data: Path, url: str) -> None:
    with pytest.raises(UnrecordedUrl) as caught:
        client(data).get(url)
    message = str(caught.value)
    assert url in message
    assert "index.yml" in message
    assert "nearest entries are http" in message


def test_unrecorded_is_a_lookup_error_that_a_person_can_read(data: Path) -> None:
    assert issubclass(UnrecordedUrl, LookupError) and issubclass(UnrecordedUrl, ClusterkpiError)
    with pytest.raises(UnrecordedUrl, match=r"nearest entries are https://host\.test/20\{yy\}"):
        client(data).get("https://host.test/2019/pack20.zip")


@pytest.mark.parametrize("path", ["2019/pack19.zip", "plain/none.bin", "plain/%2e%2e.bin"])
def test_an_address_without_its_file_is_unrecorded(data: Path, path: str) -> None:
    with pytest.raises(UnrecordedUrl, match=r"entry \d of .*index\.yml .*would answer it, but"):
        client(data).get(f"https://host.test/{path}")


def test_a_placeholder_does_not_lead_out_of_its_folder(data: Path) -> None:
    (data / "sub").mkdir()
    for folder in (data, data / "sub"):
        (folder / "x.txt").write_text("x")
    entry = "  - {url: 'https://host.test/{a}/x', body: file, file: '${data}/{a}/x.txt'}\n"
    http = client(data, entry)
    assert http.get("https://host.test/sub/x").text == "x"
    with pytest.raises(UnrecordedUrl, match="leads out of its folder"):
        http.get("https://host.test/%2e%2e/x")


def test_a_file_that_broke_later_names_entry_and_file(data: Path) -> None:
    http = client(data)
    (data / "data17.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(ReplayIndexError, match=r"entry 2: `file`: .*data17\.csv\.gz cannot be gun"):
        http.get("https://host.test/data.csv")
    (data / "figures.parquet").unlink()
    with pytest.raises(ReplayIndexError, match=r"entry 6: `body`: cannot be read .*figures"):
        http.get("https://api.worldbank.org/v2/sources/2?format=json")


def test_database_gives_the_newest_dated_vintage_as_texts(data: Path) -> None:
    url = "https://api.worldbank.org/v2/sources/2?format=json"
    header, rows = client(data).get(url).json()
    assert header == {"page": "1", "pages": "1", "per_page": "50", "total": "1"}
    assert rows[0]["lastupdated"] == "2026-06-01"
    _, rows = client(data, day="2025-12-31").get(url).json()
    assert rows[0]["lastupdated"] == "2025-01-01"
    with pytest.raises(UnrecordedUrl, match="no vintage up to 2020-01-01"):
        client(data, day="2020-01-01").get(url)


def test_economies_are_told_from_aggregates(data: Path) -> None:
    url = "https://api.worldbank.org/v2/country"
    query = {"format": "json", "per_page": "4", "page": "1"}
    header, rows = client(data).get(url, params=query).json()
    assert header == {"page": 1, "pages": 2, "per_page": "4", "total": 5}
    found = {row["id"]: row for row in rows}
    assert found["JPN"]["region"] == {"id": "EAS", "iso2code": "Z4", "value": "East Asia & Pacific"}
    assert found["JPN"]["incomeLevel"]["id"] == "HIC"
    assert found["JPN"]["lendingType"]["id"] == "LNX"
    assert (found["COD"]["iso2Code"], found["COD"]["lendingType"]["id"]) == ("CD", "IDX")
    assert (found["CHI"]["iso2Code"], found["CHI"]["incomeLevel"]["id"]) == ("JG", "INX")
    assert found["HIC"]["region"] == {"id": "NA", "iso2code": "NA", "value": "Aggregates"}
    _, rest = client(data).get(url, params={**query, "page": "2"}).json()
    assert [row["id"] for row in rest] == ["WLD"]


def test_series_is_every_economy_by_every_year_newest_first(data: Path) -> None:
    header, rows = series(client(data), "A.B")
    assert header == {
        "page": 1, "pages": 1, "per_page": 100, "total": 12, "sourceid": "2",
        "sourcename": "World Development Indicators", "lastupdated": "2026-06-01",
    }  # fmt: skip
    assert [row["date"] for row in rows] == ["2022", "2021", "2020"] * 4
    assert [row["country"]["id"] for row in rows[::3]] == ["FCS", "XD", "1W", "JP"]
    japan = {row["date"]: row["value"] for row in rows if row["countryiso3code"] == "JPN"}
    assert japan == {"2022": 0.1 + 0.2, "2021": None, "2020": 5.5}
    assert rows[9] == {
        "indicator": {"id": "A.B", "value": "A of b (%)"},
        "country": {"id": "JP", "value": "Japan"}, "countryiso3code": "JPN", "date": "2022",
        "value": 0.1 + 0.2, "unit": "", "obs_status": "", "decimal": 0,
    }  # fmt: skip


def test_series_names_and_numbers_are_written_as_the_api_does(data: Path) -> None:
    http = client(data)
    _, rows = series(http, "A.B")
    by_id = {row["country"]["id"]: row for row in rows if row["value"] is not None}
    assert by_id["1W"]["country"]["value"] == "World"  # not the Spanish name of the table
    assert by_id["XD"]["countryiso3code"] == ""
    assert by_id["FCS"]["country"]["value"] == "Fragile"  # in the table, not in the country list
    text = http.get(f"{SERIES}/A.B?format=json&source=2&per_page=100&page=1").text
    assert '"value":123456789012,' in text


def test_pages_put_together_are_the_whole(data: Path) -> None:
    http = client(data)
    header, whole = series(http, "A.B")
    pages = [series(http, "A.B", page=number, per_page=5) for number in (1, 2, 3)]
    assert [len(rows) for _, rows in pages] == [5, 5, 2]
    assert {(head["pages"], head["total"]) for head, _ in pages} == {(3, header["total"])}
    assert [row for _, rows in pages for row in rows] == whole
    assert series(http, "A.B", page=4, per_page=5)[1] == []


def test_an_older_day_serves_the_older_vintage(data: Path) -> None:
    header, rows = series(client(data, day="2025-12-31"), "A.B")
    assert [(row["date"], row["value"]) for row in rows] == [("2020", 5)]
    assert header["lastupdated"] == "2025-01-01"


def test_an_excerpt_stands_in_for_its_series(data: Path) -> None:
    header, rows = series(client(data), "EXC.ERPT")
    assert header["total"] == 4
    found = {(row["countryiso3code"], row["date"]): row["value"] for row in rows}
    assert found[("JPN", "2020")] == 1.5
    assert found[("JPN", "2021")] is None
    assert found[("XYZ", "2021")] == 2


@pytest.mark.parametrize(
    ("code", "day", "gap"),
    [
        ("NO.SUCH", "9999-12-31", "has no NO.SUCH up to 9999-12-31"),
        ("LATE", "2026-05-31", "has no LATE up to 2026-05-31; its oldest vintage is 2026-06-01"),
        ("NAMELESS", "9999-12-31", "has no name for NAMELESS"),
    ],
)
def test_a_series_that_is_not_at_hand_is_unrecorded(data, code, day, gap) -> None:
    with pytest.raises(UnrecordedUrl, match=gap):
        series(client(data, day=day), code)


def test_a_figure_that_is_there_twice_is_refused(data: Path) -> None:
    with pytest.raises(ReplayIndexError, match="holds TWICE of JPN in 2020 more than once"):
        series(client(data), "TWICE")


@pytest.mark.parametrize("url", [
    f"{SERIES}/A.B?format=json&source=2&per_page=x&page=1",
    "https://api.worldbank.org/v2/country?format=json&per_page=0&page=1",
])  # fmt: skip
def test_paging_that_makes_no_sense_gets_the_message_with_status_200(data: Path, url: str) -> None:
    reply = client(data).get(url)
    assert reply.status_code == 200
    assert reply.json()[0]["message"][0]["id"] == "120"


def test_a_relative_folder_starts_where_the_command_was_typed(data: Path, monkeypatch) -> None:
    monkeypatch.chdir(data.parent)
    index = load_index(write_index(data, HEAD + STATIC), {"data": "data"})
    monkeypatch.chdir("/")
    http = httpx.Client(transport=ReplayTransport(index))
    assert http.get("https://host.test/plain/bytes.bin").status_code == 200


def test_a_repeated_key_is_matched_in_its_order() -> None:
    template = UrlTemplate.parse("https://x.example/d?end={last}&indicator=A&indicator={second}")
    asked = httpx.URL("https://x.example/d?indicator=A&indicator=B&end=2020")
    assert template.match(asked) == {"last": "2020", "second": "B"}
    assert template.match(httpx.URL("https://x.example/d?indicator=B&indicator=A&end=1")) is None
    assert template.match(httpx.URL("https://x.example/d?indicator=A&end=1")) is None


def test_workbooks_are_made_of_tables_and_are_the_same_each_time(tmp_path: Path) -> None:
    """Codes stay text, figures are numbers, a word among them stays a word."""
    (tmp_path / "use.csv").write_text('"","11","T001"\n"11",5,"..."\n"T018",-7.5,12\n')
    (tmp_path / "index.yml").write_text(
        "version: 1\ndescription: x\nentries:\n"
        "  - url: https://a.org/all.zip\n    body: workbooks\n    members:\n"
        '      Use.xlsx: {"2020": use.csv, "2021": use.csv}\n'
    )
    http = httpx.Client(transport=ReplayTransport(load_index(tmp_path / "index.yml", {})))
    answers = [http.get("https://a.org/all.zip") for _ in range(2)]
    assert answers[0].content == answers[1].content
    with zipfile.ZipFile(io.BytesIO(answers[0].content)) as archive:
        book = archive.read("Use.xlsx")
    sheets = pl.read_excel(io.BytesIO(book), sheet_id=0, has_header=False, infer_schema_length=0)
    assert list(sheets) == ["2020", "2021"]
    assert sheets["2020"].rows()[1:] == [("11", "5", "..."), ("T018", "-7.5", "12")]


def test_an_export_of_the_institute_is_served_as_records(tmp_path: Path) -> None:
    """Headers of either export; the years asked for; an empty cell is no figure."""
    (tmp_path / "old.csv").write_text(
        '\ufeff"INDICATOR","LOCATION","TIME","Value","Flag Codes"\n'
        '"X","AUS","1996",12.50,\n"X","CAN","1997",,"a"\n"X","CHL","2001",3,\n',
        encoding="utf-8",
    )
    (tmp_path / "index.yml").write_text(
        "version: 1\ndescription: x\nentries:\n"
        "  - url: https://u.org/data?start={start}&end={end}\n    body: uis_records\n"
        '    file: old.csv\n    start: "{start}"\n    end: "{end}"\n'
    )
    http = httpx.Client(transport=ReplayTransport(load_index(tmp_path / "index.yml", {})))
    url = "https://u.org/data?start=1990&end=2000"
    records = http.get(url).json()["records"]
    assert [(r["geoUnit"], r["year"], r["value"], r["qualifier"]) for r in records] == [
        ("AUS", 1996, 12.5, None),
        ("CAN", 1997, None, "a"),
    ]
