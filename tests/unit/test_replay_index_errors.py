"""Replay index: every way to get it wrong, and the message that says how to put it right."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import ConfigError
from pipelines.http.replay import ReplayIndexError, load_index

HEAD = """
version: 1
description: Made for a test.
licence_notes: ["Nobody: none."]
variables:
  data: {type: folder, help: where the files are}
  day: {type: date, default: "9999-12-31"}
settings: {baci_release: HS17_V202201, cbp_first_year: 2017, today: 2026-11-01}
entries:
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files of a recording in `data/`, good ones and broken ones; the index goes beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "plain.txt").write_text("read me\n")
    (folder / "countries.csv").write_text(
        "Country Code,Table Name,Region,Income Group\nJPN,Japan,East Asia & Pacific,High income\n"
    )
    (folder / "mars.csv").write_text("Country Code,Table Name,Region\nMAR,Mars,Mars\n")
    (folder / "names.csv.gz").write_bytes(gzip.compress(b"Series Code,Indicator Name\nX,Name\n"))
    (folder / "broken.csv.gz").write_bytes(b"no gzip")
    (folder / "excerpt.csv").write_text("geo,time,density\njpn,2020,1.5\n")
    figures = pl.DataFrame(
        [("A.B", "JPN", "Japan", 2020, 5.0, "2025-01-01")],
        schema=["indicator_code", "economy_code", "economy_name", "year", "value", "vintage"],
        orient="row",
    )
    figures.write_parquet(folder / "figures.parquet")
    figures.select("indicator_code").write_parquet(folder / "odd.parquet")
    return folder


def write_index(data: Path, text: str) -> Path:
    path = data.parent / "index" / "index.yml"
    path.write_text(text, encoding="utf-8")
    return path


ENTRY = "entries:\n  - url: https://host.test/{a}?b={b}\n"
WRONG_ENTRIES = {
    "no such kind": ("    body: gunzipp", "entry 1: `body`: 'gunzipp' is no kind .*mean gunzip"),
    "no kind": ("    file: x", "entry 1: `body`: is missing; give"),
    "unknown key": ("    body: file\n    fiel: x", "entry 1: `fiel`: is not known here; .*file"),
    "no file": ("    body: file\n    file: nowhere.csv", "`file`: there is no file .*nowhere.csv;"),
    "no file fits": ("    body: gunzip\n    file: no{a}.gz", r"`file`: there is no file .*no\{a\}"),
    "other placeholder": (
        "    body: file\n    file: x{c}.csv", r"`file`: uses \{c\}, which does not occur"),
    "undeclared": (
        "    body: file\n    file: ${date}/x", r"`file`: uses \$\{date\}, .*: data, day"),
    "bad date": (
        "    body: file\n    file: plain.txt\n    last_modified: soon",
        "`last_modified`: 'soon' is no date"),
    "no members": ("    body: zip", "entry 1: `members`: is missing"),
    "members no map": ("    body: zip\n    members: [x]", "`members`: is .'x'."),
    "member file": (
        "    body: zip\n    members: {a.csv: none.csv}", "`members.a.csv`: there is no file"),
    "member hole": (
        "    body: zip\n    members: {'a{c}.csv': plain.txt}", r"uses \{c\}, which does not"),
    "status": ("    status: 200", "`status`: is 200; give a number from 400"),
    "status text": ("    body: status\n    status: gone", "`status`: is 'gone'"),
    "no parquet": (
        "    body: worldbank_sources\n    table: plain.txt", "`table`: .*plain.txt is no Parquet"),
    "no date": (
        "    body: worldbank_sources\n    table: ${data}/figures.parquet\n    newest_vintage: new",
        "`newest_vintage`: 'new' is no date; write it as"),
    "columns": (
        "    body: worldbank_sources\n    table: ${data}/odd.parquet",
        "`table`: .*odd.parquet lacks the column economy_code, year, value, .*it has indicator_c"),
    "country columns": (
        "    body: worldbank_economies\n    countries: ${data}/excerpt.csv",
        "`countries`: .*excerpt.csv lacks the column Country Code, Table Name, Region"),
    "country region": (
        "    body: worldbank_economies\n    countries: ${data}/mars.csv",
        "`countries`: .*mars.csv, line 2: region 'Mars' has no code"),
    "country hole": (
        "    body: worldbank_economies\n    countries: '${data}/{a}.csv'",
        "`countries`: cannot hold placeholders"),
    "names": (
        "    body: worldbank_series\n    names: ${data}/broken.csv.gz",
        "`names`: .*broken.csv.gz cannot be gunzipped"),
    "alternative": (
        "    body: worldbank_series\n    code: '{a}'\n    page: '{b}'\n    per_page: '{b}'\n"
        "    table: ${data}/figures.parquet\n    names: ${data}/names.csv.gz\n"
        "    countries: ${data}/countries.csv\n    alternatives: {X: {table: "
        "'${data}/excerpt.csv', economy_code: geo, year: time, value: nope}}",
        "`alternatives.X.table`: .*excerpt.csv lacks the column nope"),
    "alternative text": (
        "    body: worldbank_series\n    code: '{a}'\n    page: '{b}'\n    per_page: '{b}'\n"
        "    table: ${data}/figures.parquet\n    names: ${data}/names.csv.gz\n"
        "    countries: ${data}/countries.csv\n    alternatives: {X: {table: "
        "'${data}/excerpt.csv', economy_code: geo, year: geo, value: density}}",
        "`alternatives.X.value`: .*excerpt.csv cannot be read as figures"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_ENTRIES)
def test_a_wrong_entry_names_file_entry_key_and_advice(data: Path, case: str) -> None:
    entry, message = WRONG_ENTRIES[case]
    path = write_index(data, HEAD.replace("entries:\n", ENTRY) + entry + "\n")
    with pytest.raises(ReplayIndexError, match=message) as caught:
        load_index(path, {"data": str(data)})
    assert str(caught.value).startswith(f"{path}: entry 1: `")
    assert "; " in str(caught.value)  # what to do follows what is wrong


GOOD = HEAD + "  - {url: 'https://host.test/x', status: 404}\n"
WRONG_FILES = {
    "version": (GOOD.replace("version: 1", "version: 2"), "`version`: is 2; this program reads 1"),
    "no version": (GOOD.replace("version: 1", ""), "`version`: is None"),
    "no description": (
        GOOD.replace("description: Made for a test.", ""), "`description`: is missing"),
    "notes": (GOOD.replace('["Nobody: none."]', "free"), "`licence_notes`: is no list"),
    "top key": (GOOD + "extra: 1\n", "`extra`: is not known here"),
    "no entries": (HEAD, "`entries`: is no list, or empty"),
    "entry no map": (HEAD + "  - text\n", r"entry 1: `\(the entry\)`: is 'text'"),
    "list": ("- 1\n", r"`\(the file\)`: is \[1\]"),
    "address": (GOOD.replace("https://host.test/x", "host.test"), "`url`: 'host.test' is no full"),
    "setting": (GOOD.replace("baci_release", "baci_relase"), "`settings.baci_relase`: .*mean baci"),
    "setting of the machine": (
        GOOD.replace("baci_release", "failure_command"),
        "`settings.failure_command`: is no setting"),
    "type": (GOOD.replace("folder", "fodler"), "`variables.data.type`: is 'fodler'; use one of"),
    "variable": (GOOD.replace("{type: date", "{tpye: date"), "`variables.day.tpye`: is not known"),
    "default": (GOOD.replace('"9999-12-31"', "soon"), "`variables.day`: 'soon' is no date"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_index_names_file_key_and_advice(data: Path, case: str) -> None:
    text, message = WRONG_FILES[case]
    path = write_index(data, text)
    with pytest.raises(ReplayIndexError, match=message) as caught:
        load_index(path, {"data": str(data)})
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, r"`variables.data`: has no value \(where the files are\); give it"),
        ({"data": "{data}", "dta": "x"}, "`variables.dta`: is given, .*declared: data, day"),
        ({"data": "{data}/none"}, "`variables.data`: there is no folder .*none"),
        ({"data": "{data}", "day": "2026"}, "`variables.day`: '2026' is no date"),
        ({"data": 3}, "`variables.data`: is 3, not a text"),
    ],
)
def test_wrong_variables(data: Path, variables: dict, message: str) -> None:
    given = {
        name: value.replace("{data}", str(data)) if isinstance(value, str) else value
        for name, value in variables.items()
    }
    with pytest.raises(ReplayIndexError, match=message):
        load_index(write_index(data, GOOD), given)


def test_bad_yaml_names_line_and_column(data: Path) -> None:
    path = write_index(data, "version: 1\nentries: [\n  }\n")
    with pytest.raises(ReplayIndexError, match=r"index\.yml, line 3, column 3: no valid YAML: "):
        load_index(path, {})


def test_an_index_that_is_not_there(data: Path) -> None:
    with pytest.raises(ReplayIndexError, match=r"none\.yml: cannot be read"):
        load_index(data / "none.yml", {})


def test_index_errors_are_errors_of_configuration() -> None:
    assert issubclass(ReplayIndexError, ValueError) and issubclass(ReplayIndexError, ConfigError)
