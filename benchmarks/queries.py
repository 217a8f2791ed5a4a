"""Ten questions that analysts ask, on the published file and on tables made for each of them.

    python benchmarks/queries.py --home data-real [--runs 60]

The hand-tuned table of a question holds the rows and columns that it can touch and nothing else,
sorted by what it filters on, in a file of its own. Both sides run in turns, on two threads, with
the file in the page cache; the ratio says what the one wide sorted fact costs beside a table for
each question. Then the fact is written again in other orders, to see what its order is worth.

Belongs here: measuring. Does not belong here: how the fact is made.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipelines import warehouse
from pipelines.history import FACT

ORDERS = {
    "indicator, basis, geo, cluster, period": "indicator_id, basis, geo_id, cluster_id, period",
    "geo, indicator, basis, cluster, period": "geo_id, indicator_id, basis, cluster_id, period",
    "indicator, basis, period, cluster, geo": "indicator_id, basis, period, cluster_id, geo_id",
    "as it comes": "hash(geo_id, indicator_id, cluster_id, period, basis)",
}


@dataclass(frozen=True)
class Question:
    """A query over `{fact}`, and the table that somebody would tune for it.

    Attributes:
        name: what is asked.
        sql: the query; `{fact}` stands for the table.
        rows: condition on the rows that the tuned table holds.
        columns: its columns.
        order: what it is sorted by.
    """

    name: str
    sql: str
    rows: str
    columns: str
    order: str


def questions(con: duckdb.DuckDBPyConnection) -> list[Question]:
    """The ten, on places and years that this release has."""
    year = con.sql(
        f"select max(period) from {FACT} where indicator_id = 'location_quotient' "
        "and value is not null"
    ).fetchall()[0][0]
    cluster = con.sql(
        f"select cluster_id from {FACT} where indicator_id = 'location_quotient' "
        f"and period = '{year}' and value > 0 group by 1 order by count(*) desc, 1 limit 1"
    ).fetchall()[0][0]
    county, state = "USA-FIPS-06037", "USA-FIPS-06"
    lq = "indicator_id = 'location_quotient' and basis = 'cbp_employment'"
    return [
        Question(
            "one economy's series",
            "select period, value, obs_status from {fact} where indicator_id = 'broadband_adoption'"
            " and geo_id = 'KOR' order by period",
            "indicator_id = 'broadband_adoption'",
            "indicator_id, geo_id, period, value, obs_status",
            "geo_id, period",
        ),
        Question(
            "newest figure of every member",
            "select geo_id, max_by(value, period), max(period) from {fact} "
            "join marts.dim_geo using (geo_id) where indicator_id = 'broadband_adoption' "
            "and is_apec and value is not null group by geo_id",
            "indicator_id = 'broadband_adoption'",
            "indicator_id, geo_id, period, value",
            "geo_id, period",
        ),
        Question(
            "one cluster in all regions (map)",
            f"select geo_id, value, value_lower, value_upper, obs_status from {{fact}} where {lq} "
            f"and cluster_id = '{cluster}' and period = '{year}'",
            lq,
            "indicator_id, basis, geo_id, cluster_id, period, value, value_lower, value_upper, "
            "obs_status",
            "period, cluster_id, geo_id",
        ),
        Question(
            "all clusters of one region (portfolio)",
            f"select cluster_id, period, value from {{fact}} where {lq} and geo_id = '{county}'",
            lq,
            "indicator_id, basis, geo_id, cluster_id, period, value",
            "geo_id, cluster_id, period",
        ),
        Question(
            "ten most specialised regions",
            f"select geo_name, value from {{fact}} join marts.dim_geo using (geo_id) where {lq} "
            f"and cluster_id = '{cluster}' and period = '{year}' and value is not null "
            "order by value desc limit 10",
            lq,
            "indicator_id, basis, geo_id, cluster_id, period, value",
            "period, cluster_id, geo_id",
        ),
        Question(
            "everything about one region",
            f"select indicator_id, basis, cluster_id, value from {{fact}} where geo_id = '{state}' "
            f"and period = '{year}'",
            "true",
            "indicator_id, basis, geo_id, cluster_id, period, value",
            "geo_id, period",
        ),
        Question(
            "withheld cells and their bounds",
            f"select geo_id, cluster_id, value_lower, value_upper from {{fact}} where {lq} "
            f"and obs_status = 'C' and period = '{year}'",
            lq,
            "indicator_id, basis, geo_id, cluster_id, period, obs_status, value_lower, value_upper",
            "period, obs_status",
        ),
        Question(
            "change over the years, by region",
            f"select geo_id, max_by(value, period) - min_by(value, period) as moved from {{fact}} "
            f"where {lq} and cluster_id = '{cluster}' and value is not null group by geo_id",
            lq,
            "indicator_id, basis, geo_id, cluster_id, period, value",
            "cluster_id, geo_id, period",
        ),
        Question(
            "status of every indicator",
            "select indicator_id, obs_status, count(*) from {fact} group by all",
            "true",
            "indicator_id, obs_status",
            "indicator_id, obs_status",
        ),
        Question(
            "two indicators side by side",
            "select a.geo_id, a.period, a.value, b.value from {fact} as a join {fact} as b "
            "using (geo_id, period) where a.indicator_id = 'broadband_adoption' "
            "and b.indicator_id = 'indigenous_patent_share'",
            "indicator_id in ('broadband_adoption', 'indigenous_patent_share')",
            "indicator_id, geo_id, period, value",
            "indicator_id, geo_id, period",
        ),
    ]


def timed(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, int]:
    """Milliseconds to the last row, and rows."""
    start = time.perf_counter()
    rows = con.execute(sql).fetchall()
    return 1000 * (time.perf_counter() - start), len(rows)


def quantiles(values: list[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def open_file(file: Path, scratch: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 2})
    con.execute("set enable_progress_bar = false")
    con.execute(f"attach '{file}' as release (read_only)")
    con.execute(f"attach '{scratch}' as tuned")
    con.execute("use release")
    return con


def ask(con: duckdb.DuckDBPyConnection, runs: int) -> None:
    print("| question | rows | p50, ms | p95, ms | tuned p50, ms | tuned p95, ms | ratio of p50 |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for number, question in enumerate(questions(con)):
        table = f"tuned.main.q{number}"
        con.execute(
            f"create table {table} as select {question.columns} from {FACT} "
            f"where {question.rows} order by {question.order}"
        )
        con.execute("checkpoint tuned")
        sides = [question.sql.format(fact=FACT), question.sql.format(fact=table)]
        found: tuple[list[float], list[float]] = ([], [])
        rows = 0
        for turn in range(runs + 3):
            for sql, times in zip(sides, found, strict=True):
                spent, rows = timed(con, sql)
                if turn >= 3:
                    times.append(spent)
        (p50, p95), (best50, best95) = quantiles(found[0]), quantiles(found[1])
        print(
            f"| {question.name} | {rows:,} | {p50:.1f} | {p95:.1f} | {best50:.1f} | {best95:.1f} | "
            f"{p50 / best50:.2f} |"
        )


def reorder(con: duckdb.DuckDBPyConnection, runs: int, scratch: Path) -> None:
    """The fact in other orders: its size, and the sum of the medians of the ten questions."""
    cells = con.sql(f"select count(*) from {FACT}").fetchall()[0][0]
    print("\n| sorted by | MB | bytes a cell | ten questions, ms |")
    print("|---|--:|--:|--:|")
    for number, (name, order) in enumerate(ORDERS.items()):
        file = scratch / f"order{number}.duckdb"
        con.execute(f"attach '{file}' as other (storage_version 'v1.5.0')")
        con.execute(f"create table other.main.fact as from {FACT} order by {order}")
        con.execute("checkpoint other")
        spent = 0.0
        for question in questions(con):
            sql = question.sql.format(fact="other.main.fact")
            spent += statistics.median(timed(con, sql)[0] for _ in range(max(5, runs // 4)))
        con.execute("detach other")
        size = file.stat().st_size
        print(f"| {name} | {size / 1e6:.0f} | {size / cells:.0f} | {spent:.0f} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="state directory to read")
    parser.add_argument("--runs", type=int, default=60, help="of each question on each side")
    asked = parser.parse_args()
    file = warehouse.current_path(asked.home)
    with tempfile.TemporaryDirectory(prefix="clusterkpi-queries-") as folder:
        scratch = Path(folder)
        con = open_file(file, scratch / "tuned.duckdb")
        cells = con.sql(f"select count(*) from {FACT}").fetchall()[0][0]
        size = file.stat().st_size
        print(f"{cells:,} cells, {size / 1e6:.0f} MB in all, {size / cells:.0f} bytes a cell\n")
        ask(con, asked.runs)
        reorder(con, asked.runs, scratch)
        con.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
