"""Hostile and clumsy SQL in the workbench: nothing is read, written, reached or taken down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.sandbox import ENDED, MAX_SQL, Limits, ask
from pipelines import warehouse

SECRET = "the-canary-sings"
QUICK = Limits(seconds=3, memory_mb=256, rows=50)

# {canary}: a readable file with the secret; {out}: an empty folder; {port}: a listening server;
# {other}: another database file.
HOSTILE = [
    "select * from read_text('{canary}')",
    "select * from read_blob('{canary}')",
    "select * from read_csv('{canary}')",
    "select * from read_csv_auto('{canary}', header = false)",
    "select * from read_json('{canary}')",
    "select * from read_json_objects('{canary}')",
    "select * from read_ndjson('{canary}')",
    "select * from read_parquet('{canary}')",
    "select * from parquet_metadata('{canary}')",
    "select * from parquet_schema('{canary}')",
    "select * from sniff_csv('{canary}')",
    "select * from glob('{out}/../*')",
    "from '{canary}'",
    "select * from '{canary}'",
    'select * from "{canary}"',
    "select content from read_text('/etc/passwd')",
    "select content from read_text('/proc/self/environ')",
    "select * from read_csv('/proc/self/maps', columns = {{'a': 'varchar'}}, sep = '\\t')",
    "from query('select * from read_text(''{canary}'')')",
    "from query_table('{canary}')",
    "select * from read_csv('http://127.0.0.1:{port}/x.csv')",
    "select * from read_parquet('https://127.0.0.1:{port}/x.parquet')",
    "from 'http://127.0.0.1:{port}/x.csv'",
    "select * from read_text('s3://bucket/key')",
    "attach '{other}' as other",
    "attach ':memory:' as other",
    "attach 'http://127.0.0.1:{port}/x.duckdb'",
    "detach release",
    "use main",
    "copy (select 1) to '{out}/a.csv'",
    "copy marts.dim_geo to '{out}/a.parquet' (format parquet)",
    "copy from database release to memory",
    "export database '{out}/dump'",
    "import database '{out}/dump'",
    "install httpfs",
    "install spatial from community",
    "load httpfs",
    "load '{out}/evil.duckdb_extension'",
    "force install json",
    "create table marts.mine as select 1",
    "create temp table mine as select 1",
    "create view mine as select 1",
    "create macro mine() as 1",
    "create secret (type s3, key_id 'a', secret 'b')",
    "create type mood as enum ('a')",
    "insert into marts.dim_geo select * from marts.dim_geo",
    "update marts.fct_indicator_value set value = 0",
    "delete from marts.fct_indicator_value",
    "drop table marts.fct_indicator_value",
    "truncate marts.fct_indicator_value",
    "alter table marts.dim_geo add column x int",
    "comment on table marts.dim_geo is 'mine'",
    "vacuum",
    "checkpoint",
    "force checkpoint",
    "begin transaction",
    "call pragma_version()",
    "pragma database_list",
    "pragma enable_profiling",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set memory_limit = '100GB'",
    "set global threads = 64",
    "reset memory_limit",
    "set temp_directory = '{out}'",
    "prepare p as select 1",
    "execute p",
    "explain analyze select 1",
    "select 1; drop table marts.dim_geo",
    "select 1; select * from read_text('{canary}')",
    "select * from request",
    "select * from sys",
    "select getenv('PATH')",
    "select * from con",
    "select list(range) from range(1000000000)",
    "select repeat('x', 2000000000)",
    "select string_agg(repeat('x', 1000), '') from range(1000000000)",
    "select a.geo_id from marts.fct_indicator_value a, marts.fct_indicator_value b, "
    "marts.fct_indicator_value c order by random()",
    "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t",
    "select " + "not " * 3000 + "true",
    "selec * form marts.dim_geo",
    "select 'unclosed",
    "\x00select 1",
    "",
    "   ",
    "-- only a comment",
    "x" * (MAX_SQL + 1),
]


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """A canary file, an empty folder, another database and a server that counts its visitors."""
    import duckdb

    root = tmp_path_factory.mktemp("trap")
    (root / "out").mkdir()
    canary = root / "canary.txt"
    canary.write_text(f"a,b\n{SECRET},1\n")
    duckdb.connect(str(root / "other.duckdb")).close()
    visits: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))

    def count() -> None:
        while True:
            try:
                visits.append(server.accept())
            except OSError:
                return

    threading.Thread(target=count, daemon=True).start()
    yield {
        "canary": canary,
        "out": root / "out",
        "other": root / "other.duckdb",
        "port": server.getsockname()[1],
        "visits": visits,
    }
    server.close()


@pytest.mark.parametrize("template", HOSTILE, ids=lambda sql: " ".join(sql.split())[:50])
def test_hostile_sql_gets_words_and_nothing_else(
    demo_home: Path, trap: dict[str, object], template: str
) -> None:
    path = warehouse.current_path(demo_home)
    before = path.stat()
    sql = template.format(**trap) if "{" in template else template
    answer = ask(path, sql, QUICK)
    assert answer.frame is None, answer.frame
    assert answer.problem
    assert SECRET not in answer.problem and "root:" not in answer.problem
    assert answer.seconds < QUICK.seconds + 3
    assert not list(trap["out"].iterdir())  # type: ignore[attr-defined]
    assert not trap["visits"]
    after = path.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)


def test_reading_works(demo_home: Path) -> None:
    path = warehouse.current_path(demo_home)
    cells = ask(path, "select count(*) as n from marts.fct_indicator_value").frame
    assert cells is not None and cells["n"][0] > 1000
    for sql in (
        "from marts.dim_geo",
        "with a as (select 1 as x) select * from a",
        "describe marts.dim_geo",
        "summarize marts.dim_cluster",
        "select components, source_ids from marts.fct_indicator_value limit 3",
        "select 1 -- a comment at the end",
        "select 1;",
    ):
        answer = ask(path, sql)
        assert answer.problem == "" and answer.frame is not None, (sql, answer.problem)


@pytest.mark.parametrize(
    "sql",
    [
        "select regexp_matches(repeat('a', 40), '(a+)+b') as slow",
        "(" * 2000 + "select 1" + ")" * 2000,
        "select * from range(1000000000000)",
        "select 'Robert''); drop table marts.dim_geo; --'",
        "select '<script>alert(1)</script>' as \"<b>\"",
    ],
    ids=lambda sql: sql[:40],
)
def test_odd_sql_is_answered_in_time(demo_home: Path, sql: str) -> None:
    answer = ask(warehouse.current_path(demo_home), sql, QUICK)
    assert answer.problem == "" and answer.frame is not None and answer.frame.height <= 50
    assert answer.seconds < QUICK.seconds


def test_order_is_kept_and_a_long_result_is_cut_and_says_so(demo_home: Path) -> None:
    path = warehouse.current_path(demo_home)
    answer = ask(path, "select range as n from range(100000) order by n desc", Limits(rows=10))
    assert answer.frame is not None and answer.is_cut
    assert answer.frame["n"].to_list() == list(range(99999, 99989, -1))
    exact = ask(path, "select range as n from range(10)", Limits(rows=10))
    assert exact.frame is not None and exact.frame.height == 10 and not exact.is_cut


def test_a_query_without_end_is_stopped_in_time(demo_home: Path) -> None:
    path = warehouse.current_path(demo_home)
    sql = "select count(*) from range(1000000000000) a where sin(a.range) > 2"
    answer = ask(path, sql, Limits(seconds=1))
    assert answer.frame is None and answer.seconds < 4
    assert "Stopped after 1 seconds" in answer.problem or answer.problem == ENDED
