"""Regions × clusters on County Business Patterns 2017 to 2021: every county, state and CBSA.

    python benchmarks/regional.py --data FOLDER [--memory 4GB] [--home HOME]

Official figures (the folder that holds us/cbp and us/bea_io) are landed and parsed as on any night;
dbt builds the regional models once. Then each of them is made again by itself, in a process of its
own, and DuckDB's bare scan-and-group of the same Parquet rows stands beside.

Belongs here: running and measuring. Does not belong here: what a night does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import Cost, cost
from pipelines import dbt, steps
from pipelines.settings import PROJECT_ROOT, Settings

INDEX = PROJECT_ROOT / "deploy" / "replay" / "official_sample.yml"
SOURCES = ("cbp", "bea")
# What is asked of the figures, and the models that answer it (Python ones by function).
PARTS = {
    "counts and employment bounds": (
        "int_regions__us_memberships", "int_regions__cbp_nodes",
        "int_regions__cbp_industry_clusters", "int_regions__cbp_county_totals",
        "int_regions__cbp_county_clusters", "int_regions__region_totals",
        "int_regions__cluster_cells",
    ),
    "LQ with bounds, three bases": ("int_regions__location_quotients",),
    "rivalry, growth, sizes": (
        "int_regions__cbp_size_cells", "int_regions__cluster_sizes",
        "int_regions__cluster_measures",
    ),
    "strength without bootstrap": ("int_regions__strength_cells", "strengths_1"),
    "strength, 99 draws": ("int_regions__strength_cells", "strengths_99"),
    "missing links": (
        "int_supply__naics_prefixes", "int_supply__cluster_industries", "int_supply__io_years",
        "int_supply__commodities", "int_supply__input_weights", "int_supply__county_suppliers",
        "int_supply__region_suppliers", "missing_links",
    ),
    "the wide mart": ("region_cluster",),
}  # fmt: skip
# The same rows and nothing else: sums by cluster, straight from the Parquet files.
BARE = {
    "county": "state_code_fips || county_code_fips",
    "state": "state_code_fips",
    "cbsa": "cbsa_code",
}


def _settings(home: Path, data: Path, memory: str) -> Settings:
    return Settings(
        home=home,
        profile=f"replay:{INDEX}",
        replay_vars={"data": str(data)},
        memory_limit=memory,
    )


def land(home: Path, data: Path, memory: str) -> int:
    """Fetch, parse, check and write the vintages; then the candidate around them."""
    with steps.open_run(_settings(home, data, memory), say=lambda _line: None) as run:
        for source in SOURCES:
            steps.ingest_source(run, source)
        steps.prepare_candidate(run, steps.plan_release(run, force=True))
    with _open(home, memory) as con:
        return con.execute("select count(*) from raw.cbp__counties").fetchall()[0][0]


def build(home: Path, data: Path, memory: str) -> int:
    """All models from the raw rows to the two regional marts, by dbt, a process of its own."""
    os.environ.update(CLUSTERKPI_HOME=str(home))
    nodes = dbt.run(
        _settings(home, data, memory), "build", "--resource-type", "seed",
        "--resource-type", "model", "--select", "+region_cluster", "+missing_link",
    )  # fmt: skip
    return len(nodes)


def compiled(home: Path) -> dict[str, str]:
    """The SQL of each model as dbt wrote it."""
    folder = home / "build" / "dbt_target" / "compiled"
    return {path.stem: path.read_text() for path in folder.rglob("*.sql")}


def alone(home: Path, memory: str, sql: str) -> int:
    """One model again, by itself, into a table beside the one that dbt made."""
    with _open(home, memory) as con:
        con.execute(f"create table intermediate.again as {sql}")
        rows = con.execute("select count(*) from intermediate.again").fetchall()[0][0]
        con.execute("drop table intermediate.again")
    return rows


def strengths_of(home: Path, memory: str, draws: int) -> int:
    """The Python model of strength, reading and writing included."""
    from pipelines.metrics.region_strength import strengths

    with _open(home, memory) as con:
        found = strengths(
            con.sql("from intermediate.int_regions__strength_cells").pl(), draws=draws
        )
        con.register("found", found.to_arrow())
        con.execute("create temp table again as from found")
    return found.height


def missing_links_of(home: Path, memory: str) -> int:
    """The Python model of missing links, as dbt calls it."""
    from pipelines.metrics.missing_links_table import missing_links

    with _open(home, memory) as con:
        tables = (
            "select period_year, geo_type, geo_id, cluster_id, emp_count, emp_lower_count, "
            "emp_upper_count, nation_emp_count from intermediate.int_regions__cluster_measures",
            "from intermediate.int_supply__region_suppliers",
            "select period_year, cluster_id, supplier_code_bea, weight "
            "from intermediate.int_supply__input_weights",
            "select 'USA-FIPS-' || county_code_fips5 as geo_id, "
            "'USA-FIPS-' || neighbour_code_fips5 as neighbour_geo_id, distance_km "
            "from reference.us_county_neighbours",
        )
        found = missing_links(*(con.sql(table).pl() for table in tables))
        con.register("found", found.to_arrow())
        con.execute("create temp table again as from found")
    return found.height


def bare(home: Path, memory: str, key: str) -> int:
    """One scan-and-group of the rows by region and cluster."""
    files = [str(path) for path in (home / "raw").rglob("counties/*.parquet")]
    files = files or [str(path) for path in (home / "raw").rglob("*counties*.parquet")]
    with _open(home, memory) as con:
        con.execute(
            f"""
            create temp table bare as
            select rows.period_year, {BARE[key]} as region, clusters.cluster_id,
                sum(rows.emp_count) as emp_count, sum(rows.estabs_count) as estabs_count
            from read_parquet({files}) as rows
            inner join intermediate.int_regions__cbp_industry_clusters as clusters
                on rows.period_year = clusters.period_year
                and rtrim(rows.naics_code, '/-') = clusters.naics_code
            left join reference.us_county_cbsa as areas
                on rows.state_code_fips || rows.county_code_fips = areas.county_code_fips5
            group by all
            """
        )
        return con.execute("select count(*) from bare where region is not null").fetchall()[0][0]


def _open(home: Path, memory: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        str(home / "build" / "candidate.duckdb"),
        config={"memory_limit": memory, "threads": 2, "temp_directory": str(home / "spill")},
    )


def measure(home: Path, data: Path, memory: str) -> dict[str, dict]:
    landing = cost(land, home, data, memory)
    found = {"landing → Parquet, 2 sources": landing.plain()}
    built = cost(build, home, data, memory)
    found[f"dbt: {built.result} seeds and models to the marts"] = built.plain() | {"result": None}
    sql = compiled(home)
    spent: dict[str, Cost] = {
        "strengths_1": cost(strengths_of, home, memory, 1),
        "strengths_99": cost(strengths_of, home, memory, 99),
        "missing_links": cost(missing_links_of, home, memory),
    }
    for names in PARTS.values():
        for name in names:
            if name not in spent:
                spent[name] = cost(alone, home, memory, sql[name])
    for part, names in PARTS.items():
        each = [spent[name] for name in names]
        found[part] = {
            "wall_seconds": sum(one.wall_seconds for one in each),
            "cpu_seconds": sum(one.cpu_seconds for one in each),
            "peak_bytes": max(one.peak_bytes for one in each),
            "result": each[-1].result,
        }
    for key in BARE:
        found[f"bare scan-and-group by {key} × cluster"] = cost(bare, home, memory, key).plain()
    found["rows"] = {"result": landing.result}
    return found


def report(found: dict[str, dict]) -> None:
    print(f"{found.pop('rows')['result']:,} raw rows")
    print("| part | wall, s | CPU, s | peak, MiB | rows |\n|---|--:|--:|--:|--:|")
    for part, spent in found.items():
        rows = f"{spent['result']:,}" if spent["result"] is not None else ""
        print(
            f"| {part} | {spent['wall_seconds']:.2f} | {spent['cpu_seconds']:.2f} | "
            f"{spent['peak_bytes'] / 2**20:.0f} | {rows} |"
        )
    plain = [spent for part, spent in found.items() if part.startswith("bare")]
    ours = [found[part] for part in PARTS if part != "strength, 99 draws"]
    for term in ("wall_seconds", "cpu_seconds"):
        all_, less = (sum(one[term] for one in some) for some in (ours, plain))
        first = found["counts and employment bounds"][term]
        print(
            f"{term.removesuffix('_seconds')}: {all_:.2f} s without bootstrap, "
            f"{all_ / less:.1f} × the bare sums ({less:.2f} s); "
            f"counts and bounds alone {first / less:.1f} ×"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the official figures")
    parser.add_argument("--memory", default="4GB", help="memory limit of DuckDB")
    parser.add_argument("--home", type=Path, help="keep the state here (must not exist)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="regional_") as scratch:
        home = options.home or Path(scratch) / "home"
        found = measure(home, options.data.resolve(), options.memory)
    print(json.dumps(found), file=sys.stderr)
    report(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
