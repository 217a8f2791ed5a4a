"""Put the release in service of a home into a DuckLake, as the rows of one publisher.

    python deploy/ducklake/publish.py RELEASE_FILE --publisher NAME \
        --catalogue 'postgres:dbname=lake host=db.example' --data s3://bucket/lake

Every public table of the release is in the lake under the same name, with a column `publisher_id`
in front. One transaction replaces the publisher's own rows in all of them, so that a reader sees
each publisher's release whole, before or after. Needs DuckDB 1.5 and its extensions; see
docs/ducklake.md. Passwords come from the environment (PGPASSWORD, AWS_*).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import duckdb

SCHEMAS = ("marts", "meta", "reference")
TRIES = 8


def connect(catalogue: str, data: str, *, extensions: Path | None) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached as `lake`.

    Args:
        catalogue: what follows `ducklake:`, a Postgres address or a file.
        data: folder or `s3://bucket/prefix` of the Parquet files.
        extensions: folder with `<name>.duckdb_extension` files of this very version of DuckDB;
            None: they are installed in the usual place.
    """
    con = duckdb.connect()
    wanted = ["ducklake"]
    wanted += ["postgres_scanner"] if catalogue.startswith("postgres:") else []
    wanted += ["httpfs"] if data.startswith("s3:") else []
    for name in wanted:
        file = extensions / f"{name}.duckdb_extension" if extensions else None
        con.execute(f"load '{file}'" if file else f"install {name}; load {name}")
    if data.startswith("s3:"):
        con.execute(_secret())
    con.execute(f"attach 'ducklake:{catalogue}' as lake (data_path '{data}')")
    return con


def publish(con: duckdb.DuckDBPyConnection, release: Path, publisher: str) -> int:
    """Replace a publisher's rows; returns how many there are now.

    Raises:
        duckdb.TransactionException: other writers were faster every time.
    """
    con.execute(f"attach '{release}' as release (read_only)")
    tables = _tables(con)
    for attempt in range(TRIES):
        try:
            con.execute("begin")
            rows = sum(_replace(con, name, publisher) for name in tables)
            con.execute("commit")
            break
        except duckdb.TransactionException:
            if attempt == TRIES - 1:
                raise
            _roll_back(con)
            time.sleep(0.2 * 2**attempt)
    con.execute("detach release")
    return rows


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    """End a transaction that failed; one that ended by itself has nothing to roll back."""
    try:
        con.execute("rollback")
    except duckdb.TransactionException as error:
        if "no transaction is active" not in str(error):
            raise


def prepare(con: duckdb.DuckDBPyConnection, release: Path) -> None:
    """Make the lake's tables, once; a release of a later version may need `alter table` by hand."""
    con.execute(f"attach '{release}' as release (read_only)")
    con.execute("begin")
    for schema in SCHEMAS:
        con.execute(f"create schema if not exists lake.{schema}")
    for name in _tables(con):
        con.execute(
            f"create table if not exists lake.{name} as "
            f"select '' as publisher_id, * from release.{name} where false"
        )
        con.execute(f"alter table lake.{name} set partitioned by (publisher_id)")
    con.execute("commit")
    con.execute("detach release")


def _tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """The public tables of the attached release, quoted."""
    rows = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'release' "
        "and list_contains($1, schema_name) order by all",
        [list(SCHEMAS)],
    ).fetchall()
    return [f'{schema}."{table}"' for schema, table in rows]


def _replace(con: duckdb.DuckDBPyConnection, name: str, publisher: str) -> int:
    con.execute(f"delete from lake.{name} where publisher_id = $1", [publisher])
    con.execute(f"insert into lake.{name} by name select $1 as publisher_id, * from release.{name}",
                [publisher])  # fmt: skip
    return con.execute(f"select count(*) from release.{name}").fetchall()[0][0]


def _secret() -> str:
    given = {
        "key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "secret": os.environ["AWS_SECRET_ACCESS_KEY"],
        "region": os.environ.get("AWS_REGION", "us-east-1"),
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if endpoint:
        scheme, _, host = endpoint.partition("://")
        given |= {"endpoint": host, "url_style": "path"}
        given |= {"use_ssl": "false"} if scheme == "http" else {}
    options = ", ".join(f"{name} '{value}'" for name, value in given.items())
    return f"create secret (type s3, {options})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path)
    parser.add_argument("--publisher", required=True)
    parser.add_argument("--catalogue", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--extensions", type=Path)
    parser.add_argument("--prepare", action="store_true", help="make the tables first")
    given = parser.parse_args()
    con = connect(given.catalogue, given.data, extensions=given.extensions)
    if given.prepare:
        prepare(con, given.release)
    rows = publish(con, given.release, given.publisher)
    sys.stdout.write(f"{rows:,} rows of {given.publisher} are in the lake\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
