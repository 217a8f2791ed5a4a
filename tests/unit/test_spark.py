"""What passes between DuckDB and Spark, and how rows are compared. Nothing here needs Java."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.parity import Cluster, Run, compare, table
from pipelines import spark
from pipelines.errors import BuildFailed, ConfigError
from pipelines.settings import Settings
from pipelines.spark import Part, Relation
from pipelines.warehouse import raw_relation_sql


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.13" 2024-10-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("The operation couldn't be completed", None),
    ],
)
def test_version_of_java(said: str, version: int | None) -> None:
    assert spark.java_version(said) == version


def test_without_an_environment_it_says_what_to_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, spark_environment=tmp_path / "none")
    with pytest.raises(ConfigError, match="make setup-spark"):
        spark.program(settings)
    with pytest.raises(ConfigError, match="no pyspark"):
        spark.spark_home(settings)


def test_without_java_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=r"Java 17 or newer.*JAVA_HOME=.* has no bin/java"):
        spark.java()
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    with pytest.raises(ConfigError, match=r"11\.0\.2"):
        spark.java()


def node(kind: str, materialized: str, tags: list[str], *parents: str) -> dict:
    return {
        "resource_type": kind, "schema": "s", "alias": materialized + str(len(parents)),
        "tags": tags, "config": {"materialized": materialized},
        "depends_on": {"nodes": list(parents)},
    }  # fmt: skip


def test_the_heavy_part_and_what_it_reads() -> None:
    manifest = {
        "nodes": {
            "seed.list": node("seed", "seed", []),
            "model.big": node("model", "table", ["heavy"], "source.rows", "seed.list"),
            "model.shown": node("model", "view", ["heavy"], "model.big"),
            "model.rest": node("model", "table", [], "model.shown"),
        },
        "sources": {"source.rows": {"schema": "raw", "identifier": "baci__flows"}},
    }
    assert spark.part(manifest) == Part(
        raw=(Relation("raw", "baci__flows"),),
        inputs=(Relation("s", "seed0"),),
        tables=(Relation("s", "table2"),),
        views=(Relation("s", "view1"),),
    )


def test_raw_rows_are_linked_and_not_copied(tmp_path: Path) -> None:
    file = tmp_path / "it's one.parquet"
    with duckdb.connect() as con:
        con.execute("create schema raw; create table raw.lists as select 7 as n")
        con.execute(f"copy (select 1 as n) to '{str(file).replace(chr(39), chr(39) * 2)}'")
        con.execute(raw_relation_sql([("n", "integer")], [file], "rows"))
        con.execute(raw_relation_sql([("n", "integer")], [], "none"))
        rows, none, lists = (Relation("raw", name) for name in ("rows", "none", "lists"))
        heavy = Part((rows, none), (lists,), (), ())
        found = spark.write_inputs(con, heavy, tmp_path / "inputs")
        (link,) = found[rows].iterdir()
        assert link.is_symlink() and link.resolve() == file
        for relation, values in ((rows, [(1,)]), (none, []), (lists, [(7,)])):
            assert con.sql(f"from '{found[relation]}/*.parquet'").fetchall() == values


def write(con: duckdb.DuckDBPyConnection, settings: Settings, name: str, sql: str) -> Relation:
    relation = Relation("s", name)
    folder = spark.output(settings, relation)
    folder.mkdir(parents=True)
    con.execute(f"copy ({sql}) to '{folder / 'part-0.parquet'}' (format parquet)")
    (folder / "_SUCCESS").touch()
    return relation


def test_rows_of_spark_get_the_types_of_the_model(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with duckdb.connect() as con:
        con.execute("create schema s; create table s.big (n bigint, kusd decimal(18, 3))")
        con.execute(
            "create view s.shown as select 1 as year, map {'a': 2.5::double} as terms where false"
        )
        big = write(con, settings, "big", "select cast(2.5 as decimal(38, 3)) as kusd, 3::int as n")
        shown = write(con, settings, "shown", "select 2020 as year, map {'a': 1e0} as terms")
        heavy = Part((), (), (big,), (shown,))
        spark.load_outputs(con, settings, heavy)
        spark.load_outputs(con, settings, heavy)  # again: nothing stands twice
        assert con.sql("from s.big").fetchall() == [(3, pytest.approx(2.5))]
        assert con.sql("from s.shown").fetchall() == [(2020, {"a": 1.0})]
        assert [str(kind) for kind in con.sql("from s.big").types] == ["BIGINT", "DECIMAL(18,3)"]

        con.execute("alter table s.big add column more integer")
        with pytest.raises(BuildFailed, match=r"other columns of s\.big: more"):
            spark.load_outputs(con, settings, heavy)
        (spark.output(settings, big) / "_SUCCESS").unlink()
        with pytest.raises(BuildFailed, match=r"did not finish s\.big"):
            spark.load_outputs(con, settings, heavy)


ONE = (
    "(values (1, 'a', 1e0::double, map {'t': 5e0::double}), (2, null, null, map {'t': null})) "
    "as t(n, word, x, terms)"
)


@pytest.mark.parametrize(
    ("other", "unequal"),
    [
        (ONE, {}),
        (ONE.replace("1e0::double", "1.0000000005::double"), {}),
        (ONE.replace("1e0::double", "1.000000002::double"), {"x": 1}),
        (ONE.replace("5e0", "6e0"), {"terms.t": 1}),
        (ONE.replace("(2, null, null", "(2, null, 0e0::double"), {"x": 1}),
        (ONE.replace("'a'", "'b'"), {"word": 1}),
        (ONE.replace("(1,", "(0,"), {"n": 1}),
    ],
)
def test_rows_are_compared_one_by_one(other: str, unequal: dict[str, int]) -> None:
    with duckdb.connect() as con:
        found = compare(con, Relation("s", "m"), ONE, other)
    assert found.unequal == unequal and found.agrees is not bool(unequal)
    assert (found.rows, found.columns) == ((2, 2), 4)


def test_a_row_or_a_column_less_is_no_agreement() -> None:
    with duckdb.connect() as con:
        found = compare(con, Relation("s", "m"), ONE, f"(from {ONE} limit 1)")
        assert found.rows == (2, 1) and not found.agrees
        assert "DIFFERS: 2 and 1 rows" in table([Run("Spark", 1, 2, 3, {"m": 4})], [found])
        with pytest.raises(ValueError, match=r"columns differ: \['word'\]"):
            compare(con, Relation("s", "m"), ONE, f"(select * exclude (word) from {ONE})")
    assert Cluster.__doc__
