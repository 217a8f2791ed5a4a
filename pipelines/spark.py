"""The heavy models on Apache Spark: what goes in, the run, and what comes out.

Spark builds the models with dbt's tag `heavy` and nothing else. DuckDB builds before it what they
read besides raw rows (lists, small models), and after it everything that stands on them, so that a
release is the same file whichever engine did the heavy part. Parquet is the only thing that passes
between the two; no jar beyond those of the pyspark package is needed.

Belongs here: folders, environment and order of a build on Spark, and reading its Parquet. Does not
belong here: SQL of models, and what differs in it (`macros/engines.sql`); starting a cluster.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import dbt
from pipelines.errors import BuildFailed, ConfigError
from pipelines.settings import Settings
from pipelines.storage import readable_os_errors
from pipelines.warehouse import open_candidate

TAG = "heavy"
OLDEST_JAVA = 17


@dataclass(frozen=True)
class Relation:
    """A table or view of the candidate, by the names that both engines know it by."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        return f'"{self.schema}"."{self.name}"'


@dataclass(frozen=True)
class Part:
    """What the tag `heavy` takes in and gives.

    Attributes:
        raw: tables of raw rows that heavy models read.
        inputs: lists and models that heavy models read and that are none themselves.
        tables: heavy models that are tables of the candidate.
        views: heavy models that are views of the candidate, and tables on Spark.
    """

    raw: tuple[Relation, ...]
    inputs: tuple[Relation, ...]
    tables: tuple[Relation, ...]
    views: tuple[Relation, ...]


# ---------------------------------------------------------------- what has to be there


def program(settings: Settings) -> Path:
    """dbt of the environment that `make setup-spark` makes.

    Raises:
        ConfigError: there is none, or no Java that Spark runs on.
    """
    found = settings.spark_environment / "bin" / "dbt"
    if not found.exists():
        raise ConfigError(
            f"no dbt for Spark at {found}: run `make setup-spark`, or name another environment "
            "made from requirements-spark.lock in CLUSTERKPI_SPARK_ENVIRONMENT"
        )
    java()
    return found


def spark_home(settings: Settings) -> Path:
    """The folder of the pyspark package: Spark itself, its jars and `bin/spark-class`.

    Raises:
        ConfigError: the environment has no pyspark.
    """
    found = sorted(settings.spark_environment.glob("lib/python3*/site-packages/pyspark"))
    if not found:
        raise ConfigError(f"no pyspark in {settings.spark_environment}: run `make setup-spark`")
    return found[0]


def java() -> Path:
    """The Java that Spark will start: JAVA_HOME's, or the first on the PATH.

    Raises:
        ConfigError: there is none, or it is older than Java 17.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None)
    wanted = f"Apache Spark needs Java {OLDEST_JAVA} or newer (openjdk-17-jre-headless will do)"
    if found is None:
        where = f"JAVA_HOME={home} has no bin/java" if home else "no java on the PATH"
        raise ConfigError(f"{wanted}: {where}")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    version = java_version(said.stderr + said.stdout)
    if version is None or version < OLDEST_JAVA:
        raise ConfigError(f"{wanted}: {found} says {(said.stderr or said.stdout).strip()[:200]!r}")
    return Path(found)


def java_version(said: str) -> int | None:
    """The major version in what `java -version` prints; None where there is none."""
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(match[1]) if match else None


# ---------------------------------------------------------------- what is heavy


def part(manifest: Mapping[str, Any]) -> Part:
    """The heavy part of the project, from dbt's manifest (written for DuckDB)."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    heavy = {
        unique_id: node
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and TAG in node["tags"]
    }
    read = {
        parent
        for node in heavy.values()
        for parent in node["depends_on"]["nodes"]
        if parent not in heavy
    }

    def relations(unique_ids: Iterable[str]) -> tuple[Relation, ...]:
        found = (nodes[unique_id] for unique_id in sorted(unique_ids))
        return tuple(Relation(n["schema"], n.get("identifier") or n["alias"]) for n in found)

    def of_kind(kind: str) -> set[str]:
        return {key for key, node in heavy.items() if node["config"]["materialized"] == kind}

    return Part(
        relations(key for key in read if key.startswith("source.")),
        relations(key for key in read if not key.startswith("source.")),
        relations(of_kind("table")),
        relations(of_kind("view")),
    )


def read_part(settings: Settings) -> Part:
    """The heavy part as dbt last parsed it for the candidate."""
    path = settings.build_dir / "dbt_target" / "manifest.json"
    with readable_os_errors(path):
        return part(json.loads(path.read_bytes()))


# ---------------------------------------------------------------- in


def write_inputs(con: duckdb.DuckDBPyConnection, heavy: Part, folder: Path) -> dict[Relation, Path]:
    """Lay what heavy models read below a folder, one folder of Parquet files for each relation.

    Raw rows are not copied: their folder has links to the files that the ingestion promoted. A raw
    table without files is written as an empty one.

    Returns:
        The folder of each relation.
    """
    found = {}
    for relation in (*heavy.raw, *heavy.inputs):
        place = folder / relation.schema / relation.name
        place.mkdir(parents=True)
        files = raw_files(con, relation) if relation in heavy.raw else []
        for number, path in enumerate(files):
            (place / f"part-{number:05}.parquet").symlink_to(path)
        if not files:
            target = str(place / "part-00000.parquet").replace("'", "''")
            con.execute(f"copy (from {relation.quoted}) to '{target}' (format parquet)")
        found[relation] = place
    return found


def raw_files(con: duckdb.DuckDBPyConnection, relation: Relation) -> list[Path]:
    """The Parquet files that a view of raw rows reads; none where nothing was promoted."""
    sql = con.execute(
        "select sql from duckdb_views() where schema_name = ? and view_name = ?",
        [relation.schema, relation.name],
    ).fetchone()
    if sql is None:
        return []
    return parquet_files(sql[0])


def parquet_files(sql: str) -> list[Path]:
    """The files that are named in the SQL of a view made by `warehouse.raw_relation_sql`."""
    named = re.findall(r"'((?:[^']|'')*\.parquet)'", sql)
    return [Path(name.replace("''", "'")) for name in named]


# ---------------------------------------------------------------- the run


def spark_dir(settings: Settings) -> Path:
    return settings.build_dir / "spark"


def warehouse_dir(settings: Settings) -> Path:
    """Where Spark writes: `<schema>.db/<model>/part-*.parquet` below it."""
    return spark_dir(settings) / "warehouse"


def output(settings: Settings, relation: Relation) -> Path:
    """The folder of Parquet files that Spark wrote for a model."""
    return warehouse_dir(settings) / f"{relation.schema}.db" / relation.name


def environment(settings: Settings, inputs: Mapping[Relation, Path]) -> dict[str, str]:
    """Environment of dbt on Spark. Nothing listens beyond the addresses that are set."""
    folder = spark_dir(settings)
    return {
        "CLUSTERKPI_SPARK_INPUTS": json.dumps({str(r): str(path) for r, path in inputs.items()}),
        "CLUSTERKPI_SPARK_MASTER": settings.spark_master,
        "CLUSTERKPI_SPARK_WAREHOUSE": str(warehouse_dir(settings)),
        "SPARK_LOCAL_IP": settings.spark_address,
        "CLUSTERKPI_SPARK_BIND": settings.spark_address,
        "CLUSTERKPI_SPARK_DRIVER": settings.spark_address,
        "CLUSTERKPI_SPARK_DRIVER_MEMORY": settings.spark_driver_memory,
        "CLUSTERKPI_SPARK_EXECUTOR_MEMORY": settings.spark_executor_memory,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "DBT_TARGET_PATH": str(folder / "dbt_target"),
        "DBT_LOG_PATH": str(folder / "dbt_logs"),
        # an installation elsewhere on the machine is not the one of the lock
        "SPARK_HOME": str(spark_home(settings)),
        "SPARK_CONF_DIR": str(folder / "conf"),
    }


def run_models(settings: Settings) -> list[dbt.NodeResult]:
    """Build the heavy models on Spark; what they read has to be in the candidate.

    Raises:
        ConfigError: no environment for Spark, or no Java.
        BuildFailed: a model failed; names it.
    """
    dbt_program = program(settings)
    folder = spark_dir(settings)
    with readable_os_errors(folder):
        shutil.rmtree(folder, ignore_errors=True)
        for name in ("inputs", "scratch", "conf"):
            (folder / name).mkdir(parents=True)
    heavy = read_part(settings)
    with open_candidate(settings) as con:
        inputs = write_inputs(con, heavy, folder / "inputs")
    return dbt.run(
        settings,
        "run",
        "--target",
        "spark",
        "--select",
        f"tag:{TAG}",
        program=dbt_program,
        extra=environment(settings, inputs),
    )


# ---------------------------------------------------------------- out


def read_output(settings: Settings, relation: Relation) -> str:
    """SQL that reads what Spark wrote for a model.

    Raises:
        BuildFailed: Spark did not finish it (there is no mark of success).
    """
    folder = output(settings, relation)
    if not (folder / "_SUCCESS").exists():
        raise BuildFailed(f"Spark did not finish {relation}: no {folder / '_SUCCESS'}")
    listed = str(folder / "*.parquet").replace("'", "''")
    return f"read_parquet('{listed}')"


def load_outputs(con: duckdb.DuckDBPyConnection, settings: Settings, heavy: Part) -> None:
    """Put Spark's rows into the candidate, under the types that DuckDB gives the same models.

    The candidate has each heavy model already, without rows (`dbt run --empty`). Tables are filled;
    a view becomes one over Spark's files, which are not copied.

    Raises:
        BuildFailed: Spark did not finish a model, or wrote other columns than the model has.
    """
    for relation in (*heavy.tables, *heavy.views):
        source = read_output(settings, relation)
        types = _columns(con, relation.quoted)
        if lost := set(types) ^ set(_columns(con, source)):
            raise BuildFailed(f"Spark wrote other columns of {relation}: {', '.join(sorted(lost))}")
        columns = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in types.items())
        if relation in heavy.tables:
            con.execute(f"truncate {relation.quoted}")
            con.execute(f"insert into {relation.quoted} by name select {columns} from {source}")
        else:
            con.execute(
                f"create or replace view {relation.quoted} as select {columns} from {source}"
            )


def _columns(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    return {name: kind for name, kind, *_ in con.execute(f"describe from {relation}").fetchall()}


# ---------------------------------------------------------------- all of it


def build(settings: Settings) -> list[dbt.NodeResult]:
    """The candidate, with its heavy models from Spark; in place of `dbt.build`.

    Returns:
        One result a node; of one that was built twice on the way, the last.

    Raises:
        ConfigError: no environment for Spark, or no Java.
        BuildFailed: names the failing models and tests.
    """
    program(settings)  # before anything is built for it
    of_heavy = ("--select", f"tag:{TAG}")
    less = ("--exclude-resource-type", "unit_test")
    dbt.run(
        settings, "build", "--resource-type", "seed", "--resource-type", "model",
        "--select", f"+tag:{TAG}", "--exclude", f"tag:{TAG}",
    )  # fmt: skip
    dbt.run(settings, "run", "--empty", *of_heavy)
    on_spark = run_models(settings)
    with open_candidate(settings) as con:
        load_outputs(con, settings, read_part(settings))
    rest = dbt.build(settings, "--exclude", f"tag:{TAG}")
    tests = dbt.run(settings, "test", *of_heavy, *less)
    return list({node.unique_id: node for node in (*on_spark, *rest, *tests)}.values())
