"""Technology and enclaves: foreign investment against technology of one's own."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts_families, data, page, shapes, tables, words
from dashboards.data import Release, Slice
from dashboards.style import CATEGORIES
from dashboards.tables import Measure

INDICATOR, BASIS = "enclave_gap", "fdi_flow_5y"
LEAD = (
    "Foreign investment can bring technology, or stay an enclave without technology of one’s own. "
    "The two are placed against each other; neither corner is a score."
)
PICKS = {
    "patents": ("indigenous_patent_share", "wdi_filings"),
    "research": ("business_rd_share", "uis_performed_pct"),
    "balance": ("tech_balance", "wdi_ip_charges"),
    "domestic": ("domestic_value_added_share", "oecd_tiva_pct"),
}
COLUMNS = (
    Measure("gap", "Enclave gap"),
    Measure("patents", "Indigenous patents", 0, 100, "%"),
    Measure("research", "Business share of R&D", 0, 1, "%"),
    Measure("balance", "Technology balance"),
    Measure("domestic", "Domestic value in exports", 0, 1, "%"),
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Technology and enclaves", LEAD)
    frame = data.enclave_quadrant(release)
    if frame.is_empty():
        st.info("This release places no economy in a quadrant.")
        return
    names = dict(data.economies(release).rows())
    period, chosen = _choose(frame, names)
    parts = data.snapshots_behind(release, INDICATOR, BASIS, period)
    page.strip(release, parts)
    now = frame.filter(pl.col("period") == period)
    st.header(_finding(now, period), anchor=False)
    counts = dict(now.group_by("quadrant").len().rows())
    st.html(
        tables.tiles(
            {
                name.capitalize(): (str(counts.get(name, 0)), remark)
                for name, remark in (
                    ("enclave risk", "much investment, little own technology"),
                    ("balanced", "much of both"),
                    ("autonomous", "own technology, little investment"),
                    ("thin", "little of both"),
                )
            }
        )
    )
    page.draw(
        charts_families.quadrant,
        frame,
        chosen,
        period,
        look=page.look(release),
        alt=f"Quadrant of foreign investment against own technology, {period}; a table follows",
    )
    page.credit("standard deviations over members and years", parts, period)
    cells = data.cross_section(release, Slice(INDICATOR, BASIS), "economy", period)
    _absent(cells, now, names, period)
    _table(release, cells, now, names, period, parts)
    page.legend(release, [*now["obs_status"].unique(), *cells["obs_status"].unique()])
    ids = [INDICATOR, *(indicator for indicator, _ in PICKS.values())]
    measured = data.indicators(release).filter(pl.col("indicator_id").is_in(ids))
    page.caveats(*measured.to_dicts())
    page.end(release, parts)


def _choose(frame: pl.DataFrame, names: dict[str, str]) -> tuple[str, list[str]]:
    year_box, path_box = st.columns([1, 4])
    with year_box:
        period = st.selectbox(
            "Year",
            frame["period"].unique().sort(descending=True).to_list(),
            key="enclave_year",
            bind="query-params",
        )
    with path_box:
        chosen = st.multiselect(
            "Show the path of",
            list(names),
            max_selections=len(CATEGORIES),
            format_func=names.__getitem__,
            key="enclave_path",
            bind="query-params",
        )
    return period, chosen


def _finding(now: pl.DataFrame, period: str) -> str:
    risk = now.filter(pl.col("quadrant_no") == 1).sort("enclave_gap", descending=True)
    if risk.is_empty():
        return f"{period}: none of {now.height} economies has much investment and little technology"
    # Names have commas of their own.
    listed = "; ".join(risk["geo_name"].head(3))
    rest = f"; and {risk.height - 3} more" if risk.height > 3 else ""
    return f"{period}: enclave risk in {risk.height} of {now.height} economies: {listed}{rest}"


def _absent(cells: pl.DataFrame, now: pl.DataFrame, names: dict[str, str], period: str) -> None:
    marks = dict(cells.select("geo_id", "obs_status").rows())
    rest = [
        f"{name} ({marks.get(geo_id) or words.NO_CELL})"
        for geo_id, name in names.items()
        if geo_id not in now["geo_id"]
    ]
    if rest:
        st.caption(f"Not placed in {period}: {'; '.join(rest)}. The marks say why.")


def _table(
    release: Release,
    cells: pl.DataFrame,
    now: pl.DataFrame,
    names: dict[str, str],
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader("What is behind it", anchor=False)
    st.caption(
        f"The gap of {period}; the other columns have the newest value of each economy, whose year "
        "the profile page shows. A gap above 0: more foreign investment than own technology."
    )
    rows = pl.DataFrame({"geo_id": list(names), "geo_name": list(names.values())})
    wide = shapes.widened(data.newest(release), rows, "geo_id", PICKS).join(
        cells.select(
            "geo_id",
            pl.col("value").alias("gap"),
            pl.col("value_lower").alias("gap_lower"),
            pl.col("value_upper").alias("gap_upper"),
            pl.col("obs_status").alias("gap_status"),
        ),
        on="geo_id",
        how="left",
    )
    ordered = wide.sort("gap", "geo_name", descending=[True, False], nulls_last=True)
    st.html(tables.measures(ordered, "geo_name", "Economy", COLUMNS, kind="economy"))
    page.download(release, now, f"enclave_quadrant_{period}", parts, key="enclave_csv")
