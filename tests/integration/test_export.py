"""Exports: what others can read, under which terms, and what must not leave."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines import warehouse
from pipelines.errors import ConfigError
from pipelines.export import Format, package
from pipelines.export.terms import Terms
from pipelines.history import COLUMNS, FACT, KEY
from tests.conftest import Cli

SOME = ("broadband_adoption", "entry_rate", "indigenous_patent_share")


@pytest.fixture
def con(demo_home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The demo's release under other names, so that its licences can be changed."""
    with duckdb.connect() as con:
        con.execute(f"attach '{warehouse.current_path(demo_home)}' as demo (read_only)")
        tables = con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'demo'"
        ).fetchall()
        for schema in warehouse.PUBLISHED_SCHEMAS:
            con.execute(f"create schema {schema}")
        for schema, table in tables:
            kind = "table" if (schema, table) == ("reference", "licence") else "view"
            con.execute(f'create {kind} {schema}."{table}" as from demo.{schema}."{table}"')
        yield con


def fact(con: duckdb.DuckDBPyConnection, *indicators: str) -> pl.DataFrame:
    listed = ", ".join(f"'{name}'" for name in indicators)
    return con.sql(
        f"select {', '.join((*KEY, *COLUMNS))} from {FACT} where indicator_id in ({listed}) "
        f"order by {', '.join(KEY)}"
    ).pl()


def data_files(folder: Path, suffix: str) -> list[Path]:
    return sorted((folder / "data").glob(f"*/*.{suffix}"))


def test_csv_comes_back_to_the_bit(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=SOME)
    (path,) = data_files(done.folder, "csv")
    assert path.parent.name == "open" and path.name.startswith("SYNTHETIC_")
    back = pl.read_csv(path, infer_schema=False).sort(KEY)
    expected = fact(con, *SOME)
    for column in ("value", "value_lower", "value_upper"):
        assert back[column].cast(pl.Float64).equals(expected[column], null_equal=True), column
    assert back["source_ids"].str.split(" ").to_list()[0] == expected["source_ids"].to_list()[0]
    terms = json.loads(back["components"][0])
    assert terms == dict(con.execute(
        f"select unnest(map_keys(components)), unnest(map_values(components)) from {FACT} where "
        + " and ".join(f"{name} = ?" for name in KEY), list(back.select(KEY).row(0))
    ).fetchall())  # fmt: skip
    groups = pl.read_csv(done.folder / "SYNTHETIC_row_groups.csv")
    assert set(back["row_group"]) == set(groups["row_group"])
    assert all("[" in text or text.startswith("clusterkpi") for text in groups["attribution"])


def test_parquet_has_a_row_group_for_each_attribution(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    done = package.write(con, tmp_path / "out", Format.PARQUET, indicators=SOME)
    (path,) = data_files(done.folder, "parquet")
    file = pq.ParquetFile(path)
    texts = json.loads(file.schema_arrow.metadata[b"clusterkpi.attribution_by_row_group"])
    assert file.metadata.num_row_groups == len(texts) > 3
    assert b"SYNTHETIC" in file.schema_arrow.metadata[b"clusterkpi.notice"]
    for number in range(file.metadata.num_row_groups):
        assert len(set(file.read_row_group(number)["row_group"].to_pylist())) == 1
    with duckdb.connect() as other:
        back = other.sql(
            f"select {', '.join((*KEY, *COLUMNS))} from '{path}' order by {', '.join(KEY)}"
        ).pl()
    assert back.equals(fact(con, *SOME), null_equal=True)


def test_sdmx_csv_is_read_by_sdmx1_and_pysdmx(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    import sdmx
    from pysdmx.io import get_datasets

    indicators = ("broadband_adoption", "tertiary_enrolment")
    done = package.write(con, tmp_path / "out", Format.SDMX_CSV, indicators=indicators)
    (path,) = data_files(done.folder, "csv")
    structure_file = done.folder / "SYNTHETIC_structure.xml"
    expected = {
        tuple(row[:5]): row[5]
        for row in fact(con, *indicators)
        .select("indicator_id", "geo_id", "cluster_id", "basis", "period", "value")
        .rows()
    }

    message = sdmx.read_sdmx(structure_file)
    flow = message.dataflow["DF_INDICATORS"]
    assert "SYNTHETIC" in str(flow.name) and message.header.test
    read = sdmx.read_sdmx(path, structure=flow.structure)
    (data,) = read.data
    found = {
        tuple(str(value.value) for value in obs.dimension.values.values()): obs for obs in data.obs
    }
    assert {key: float(obs.value) if obs.value else None for key, obs in found.items()} == expected
    statuses = {str(obs.attached_attribute["OBS_STATUS"].value) for obs in data.obs}
    assert statuses <= {code.id for code in message.codelist["CL_OBS_STATUS"]}
    groups = {str(obs.attached_attribute["ROW_GROUP"].value) for obs in data.obs}
    texts = [str(message.codelist["CL_ROW_GROUP"][group].name) for group in groups]
    assert any("World Bank" in text for text in texts)

    (dataset,) = get_datasets(path, structure_file)
    frame = dataset.data
    key = ["INDICATOR", "REF_AREA", "CLUSTER", "BASIS", "TIME_PERIOD"]
    assert [component.id for component in dataset.structure.components.dimensions] == key
    again = {
        tuple(map(str, row[:5])): float(row[5]) if str(row[5]) not in ("", "NaN", "nan") else None
        for row in frame[[*key, "OBS_VALUE"]].itertuples(index=False)
    }
    assert again == expected


def test_checksums_descriptor_and_citation(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=SOME)
    sums = done.folder / "SYNTHETIC_checksums.sha256"
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", sums.name], cwd=done.folder, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    listed = {line.split("  ")[1] for line in sums.read_text().splitlines()}
    files = {str(p.relative_to(done.folder)) for p in done.folder.rglob("*") if p.is_file()}
    assert files - listed == {sums.name}
    descriptor = json.loads((done.folder / "datapackage.json").read_text())
    assert descriptor["is_synthetic"] and "SYNTHETIC" in descriptor["title"]
    names = {resource["path"] for resource in descriptor["resources"]}
    assert names == files - {sums.name, "datapackage.json", "README.txt", "CITATION.txt"}
    for resource in descriptor["resources"]:
        path = done.folder / resource["path"]
        kind, digest = resource["hash"].split(":")
        assert hashlib.new(kind, path.read_bytes()).hexdigest() == digest
        assert resource["bytes"] == path.stat().st_size
        with path.open(newline="") as lines:
            rows = list(csv.reader(lines))
        assert [field["name"] for field in resource["schema"]["fields"]] == rows[0]
        assert len(rows) - 1 == resource["rows"]
        types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        assert types["is_synthetic"] == "boolean" and types.get("value", "number") == "number"
    assert {licence["name"] for licence in descriptor["licenses"]} >= {"CC-BY-4.0", "US-PD"}
    for name in ("README.txt", "CITATION.txt"):
        assert "SYNTHETIC" in (done.folder / name).read_text(), name
    assert done.citation in (done.folder / "README.txt").read_text()
    release = con.sql("select release_id from meta.release").fetchall()[0][0]
    assert release in done.citation and "World Bank" in done.citation


def relicense(con: duckdb.DuckDBPyConnection, source: str, **flags: bool) -> None:
    assigned = ", ".join(f"{name} = {str(flag).lower()}" for name, flag in flags.items())
    con.execute(f"update reference.licence set {assigned} where source_id = ?", [source])


def exported(done: package.Exported, name: Terms) -> pl.DataFrame:
    (path,) = (done.folder / "data" / name.value).glob("*.csv")
    return pl.read_csv(path, infer_schema=False)


def test_non_commercial_figures_are_refused_unless_asked_for_and_then_apart(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    relicense(con, "wdi", non_commercial=True)
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=SOME)
    kept = exported(done, Terms.OPEN)
    assert not any("wdi/" in ids for ids in kept["source_ids"].drop_nulls())
    assert set(done.left_out["indicator_id"]) >= {"broadband_adoption", "entry_rate"}
    assert "non-commercial" in done.left_out["reason"][0]
    assert "Left out" in (done.folder / "README.txt").read_text()
    assert "CC-BY-4.0" in (done.folder / "SYNTHETIC_left_out.csv").read_text()
    done = package.write(con, tmp_path / "nc", Format.CSV, indicators=SOME, non_commercial=True)
    apart = exported(done, Terms.NON_COMMERCIAL)
    assert all("wdi/" in ids for ids in apart["source_ids"])
    assert exported(done, Terms.OPEN).height == kept.height
    assert kept.height + apart.height == fact(con, *SOME).height


def test_share_alike_figures_stand_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    relicense(con, "wdi", share_alike=True)
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=SOME)
    assert all("wdi/" in ids for ids in exported(done, Terms.SHARE_ALIKE)["source_ids"])
    assert not any("wdi/" in ids for ids in exported(done, Terms.OPEN)["source_ids"].drop_nulls())
    assert done.separated == {"share_alike": exported(done, Terms.SHARE_ALIKE).height}


def test_of_restricted_sources_only_what_is_computed_leaves_and_without_its_terms(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    relicense(con, "wdi", redistribute_raw=False)
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=SOME)
    derived = exported(done, Terms.DERIVED_ONLY)
    with_value = derived.filter(pl.col("value").is_not_null())
    assert set(with_value["indicator_id"]) == {"indigenous_patent_share"}  # two counts make it
    assert set(derived["components"].drop_nulls()) <= {""}
    assert set(done.left_out["indicator_id"]) == {"broadband_adoption", "entry_rate"}
    assert "does not allow" in done.left_out["reason"][0]


def test_an_offices_own_file_stands_apart(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    con.execute("update reference.licence set licence_id = 'gone' where source_id = 'bds'")
    done = package.write(con, tmp_path / "out", Format.CSV, indicators=("entry_rate",))
    assert all("bds/" in ids for ids in exported(done, Terms.AS_STATED)["source_ids"])


def test_wrong_use_is_refused_and_leaves_nothing(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="is not empty"):
        package.write(con, tmp_path / "full", Format.CSV)
    with pytest.raises(ConfigError, match="no indicator brodband; is broadband_adoption meant"):
        package.write(con, tmp_path / "out", Format.CSV, indicators=("brodband",))
    relicense(con, "wdi", non_commercial=True)
    con.execute(f"create or replace view {FACT} as from demo.{FACT} where len(source_ids) > 0")
    with pytest.raises(ConfigError, match=r"no cell may be passed on: .*non-commercial"):
        package.write(con, tmp_path / "out", Format.CSV, indicators=("indigenous_patent_share",))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["full"]


def test_export_on_the_command_line(demo_home: Path, tmp_path: Path, cli: Cli) -> None:
    words: Any = ("--indicator", "broadband_adoption", "--home", str(demo_home))
    code, said = cli("export", "--format", "csv", *words, str(tmp_path / "out"))
    assert code == 0 and "cite as   SYNTHETIC" in said and "data/open/" in said, said
    code, said = cli("export", *words, str(tmp_path / "out"))
    assert code == 2 and "is not empty" in said
