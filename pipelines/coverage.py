"""What a release covers, as tables: by indicator, by economy, and as a page of documentation.

Belongs here: counting and laying out `marts.mart_coverage_matrix`. Does not belong here: deciding
what is covered (that model).
"""

from __future__ import annotations

import duckdb
import polars as pl

#: Statuses that mean that there is a value.
FILLED = ("observed", "carried", "outdated")
_SHORT = {
    "observed": "●",
    "carried": "◐",
    "outdated": "○",
    "suppressed": "c",
    "missing": "…",
    "no source": "",
}


def matrix(con: duckdb.DuckDBPyConnection, *, core_only: bool = False) -> pl.DataFrame:
    """Rows of the matrix, economies and regions, in the order of guidelines."""
    rows = con.sql(
        "select m.*, b.sentence, b.companion_of, b.role, b.is_built, b.what_fills_it, "
        "coalesce(i.indicator_name, m.indicator_id) as indicator_name "
        "from marts.mart_coverage_matrix m "
        "join marts.bridge_guideline_indicator b using (indicator_id) "
        "left join marts.dim_indicator i using (indicator_id) "
        "order by m.block, m.core_no nulls last, m.indicator_id, m.geo_id"
    ).pl()
    return rows.filter("is_core") if core_only else rows


def by_indicator(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an indicator: economies with each status, regions with values, the reasons."""
    economies = rows.filter(pl.col("geo_type") == "economy")
    regions = (
        rows.filter((pl.col("geo_type") != "economy") & pl.col("latest_period").is_not_null())
        .group_by("indicator_id")
        .agg(regions_with_value=pl.len())
    )
    counts = [
        (pl.col("coverage_status") == status).sum().alias(status.replace(" ", "_"))
        for status in _SHORT
    ]
    return (
        economies.group_by("block", "core_no", "indicator_id", maintain_order=True)
        .agg(
            pl.col("role", "is_built", "what_fills_it").first(),
            pl.col("coverage_status").is_in(FILLED).sum().alias("economies_filled"),
            pl.col("latest_period").max(),
            *counts,
        )
        .join(regions, on="indicator_id", how="left")
        .with_columns(pl.col("regions_with_value").fill_null(0))
    )


def by_economy(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an economy: how many core indicators have a value, are as new as anybody's, and which
    have none."""
    core = rows.filter((pl.col("geo_type") == "economy") & pl.col("is_core"))
    blank = ~pl.col("coverage_status").is_in(FILLED)
    return (
        core.sort("core_no")
        .group_by("geo_id")
        .agg(
            pl.col("coverage_status").is_in(FILLED).sum().alias("core_filled"),
            (pl.col("coverage_status") == "observed").sum().alias("core_up_to_date"),
            pl.col("indicator_id").filter(blank).alias("core_blank"),
        )
        .sort("core_filled", "geo_id", descending=[True, False])
    )


def core_filled(rows: pl.DataFrame) -> list[str]:
    """Core indicators that have a value for any economy or region."""
    filled = rows.filter(pl.col("is_core") & pl.col("coverage_status").is_in(FILLED))
    return filled.sort("core_no")["indicator_id"].unique(maintain_order=True).to_list()


def markdown(rows: pl.DataFrame, title: str) -> str:
    """The core set by economy, and why each blank indicator is blank."""
    core = rows.filter((pl.col("geo_type") == "economy") & pl.col("is_core"))
    names = core.sort("core_no")["indicator_id"].unique(maintain_order=True).to_list()
    economies = by_economy(rows)["geo_id"].to_list()
    filled = core_filled(rows)
    status = {
        (i, g): s
        for i, g, s in core.select("indicator_id", "geo_id", "coverage_status").iter_rows()
    }
    lines = [
        f"## {title}",
        "",
        f"{len(filled)} of {len(names)} core indicators have values.",
        "",
        "| # | indicator | " + " | ".join(economies) + " | newest | regions |",
        "|---|---|" + "---|" * (len(economies) + 2),
    ]
    summary = {row["indicator_id"]: row for row in by_indicator(rows).iter_rows(named=True)}
    for number, name in enumerate(names, start=1):
        row = summary[name]
        marks = " | ".join(_SHORT[status[name, geo]] for geo in economies)
        lines.append(
            f"| {number} | {name} | {marks} | {row['latest_period'] or ''} | "
            f"{row['regions_with_value'] or ''} |"
        )
    lines += [
        "",
        "● as new as anybody's · ◐ up to three years behind · ○ older · c withheld · "
        "… covered, without a figure · blank: no landed source. Values of an economy's regions "
        "count for it.",
        "",
        "| blank everywhere | why, and what fills it |",
        "|---|---|",
    ]
    for name in names:
        if name not in filled:
            row = summary[name]
            built = "built, no figure landed" if row["is_built"] else "no source yet"
            lines.append(f"| {name} | {built}: {row['what_fills_it']} |")
    return "\n".join(lines) + "\n"
