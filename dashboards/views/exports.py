"""One economy's exports by cluster: advantage, markets, survival, concentration, complexity.

The pictures rest on the cells of the fact with a basis of bilateral exports, and on the complexity
of headings. A cluster without a figure is left out of a picture and named in the table.
"""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts_exports, data, page, shapes, tables, words
from dashboards.data import Release
from dashboards.tables import Measure

LEAD = (
    "How an economy is linked to the world by what its clusters export: where it has an advantage, "
    "whether its markets grow, how long new exports live, and how much hangs on few of them."
)
# column → (indicator, its basis); a window of growth is the reader's choice.
PARTS = {
    "rsca": ("rsca_export", "baci_gross_exports"),
    "density": ("relatedness_density", "baci_gross_exports"),
    "penetration": ("export_market_penetration", "baci_hs6"),
    "survival": ("export_survival_3y", "baci_hs6_strict"),
    "hhi_market": ("hhi_market", "baci_importers"),
    "hhi_product": ("hhi_product", "baci_hs6"),
    "grubel_lloyd": ("grubel_lloyd", "baci_hs6"),
    "high_income": ("developed_market_share", "baci_high_income"),
}
WINDOWS = {"baci_hs6_3y": "three years", "baci_hs6_5y": "five years"}
PULL = "export_market_growth_pull"
COLUMNS = (
    Measure("rsca", "Advantage (RSCA)"),
    Measure("pull", "Market growth", 1, 100, "%"),
    Measure("penetration", "Partners served", 0, 100, "%"),
    Measure("survival", "Survival, 3 years", 0, 100, "%"),
    Measure("hhi_market", "Concentration: markets"),
    Measure("hhi_product", "products"),
    Measure("grubel_lloyd", "Two-way trade"),
    Measure("high_income", "To high-income", 0, 100, "%"),
    Measure("density", "Related strengths", 0, 100, "%"),
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Export linkage", LEAD)
    periods = data.periods(release, *PARTS["rsca"], "economy")
    if not periods:
        st.info("This release holds no exports by cluster.")
        return
    geo_id, name, period, window = _choose(release, periods)
    parts = data.snapshots_behind(release, *PARTS["rsca"], period)
    page.strip(release, parts)
    cells = data.exports_by_cluster(release, geo_id, period)
    wide = by_cluster(cells, window)
    everything = wide.filter(pl.col("cluster_id") == "all")
    clusters = wide.filter(pl.col("cluster_id") != "all")
    known = clusters.filter(pl.col("rsca").is_not_null())
    st.header(_finding(known, name, period), anchor=False)
    if clusters.is_empty():
        st.info(f"No exports of {name} are in this release for {period}.")
    else:
        _headline(release, clusters, everything, geo_id, period)
        _treemap(release, clusters, name, period, parts)
        _markets(release, clusters, name, period, window, parts)
        _survival_and_concentration(release, clusters, name, period, parts)
        _complexity(release, clusters, name, period, parts)
        _table(release, cells, clusters, geo_id, period, parts)
    page.legend(release, cells["obs_status"].unique().to_list())
    ids = [indicator for indicator, _ in PARTS.values()] + [PULL]
    measured = data.indicators(release).filter(pl.col("indicator_id").is_in(ids))
    page.caveats(*measured.to_dicts())
    page.end(release, parts)


def by_cluster(cells: pl.DataFrame, window: str) -> pl.DataFrame:
    """One row a cluster, and for each measure its figure, bounds, status and period.

    Args:
        cells: result of `data.exports_by_cluster`.
        window: basis of the growth of markets.

    Returns:
        cluster_id, cluster_name, exports_kusd and the measures; sorted by name. A measure without
        any cell has empty columns.
    """
    wide = cells.select("cluster_id", "cluster_name").unique().sort("cluster_name")
    sizes = cells.group_by("cluster_id").agg(pl.col("exports_kusd").drop_nulls().first())
    wide = wide.join(sizes, on="cluster_id", how="left")
    return shapes.widened(cells, wide, "cluster_id", {**PARTS, "pull": (PULL, window)})


def _choose(release: Release, periods: list[str]) -> tuple[str, str, str, str]:
    names = dict(data.economies(release).rows())
    economy_box, year_box, window_box = st.columns([3, 1.4, 2.6])
    with economy_box:
        geo_id = st.selectbox(
            "Economy",
            list(names),
            format_func=names.__getitem__,
            key="exports_economy",
            bind="query-params",
        )
    with year_box:
        period = st.selectbox("Year", periods, key="exports_year", bind="query-params")
    with window_box:
        window = st.segmented_control(
            "Growth of markets over",
            list(WINDOWS),
            default="baci_hs6_3y",
            required=True,
            format_func=WINDOWS.__getitem__,
            key="exports_window",
            bind="query-params",
        )
    return geo_id, names[geo_id], period, window or "baci_hs6_3y"


def _finding(known: pl.DataFrame, name: str, period: str) -> str:
    if known.is_empty():
        return f"{name}, {period}: no advantage can be told"
    ahead = known.filter(pl.col("rsca") > 0)
    text = f"{name}, {period}: an export advantage in {ahead.height} of {known.height} clusters"
    if ahead.is_empty():
        return text
    return f"{text}, most in {ahead.sort('rsca', descending=True)['cluster_name'][0]}"


def _headline(
    release: Release,
    clusters: pl.DataFrame,
    everything: pl.DataFrame,
    geo_id: str,
    period: str,
) -> None:
    total = clusters["exports_kusd"].sum()
    tiles = {
        "Exports of these clusters": (
            f"{total / 1e6:,.1f} bn" if total else "not known",
            "current USD",
        )
    }
    named = {
        "Partners served": ("penetration", "{:.0%}", "of those that import its products"),
        "New exports that live 3 years": ("survival", "{:.0%}", "all clusters"),
        "Concentration over markets": ("hhi_market", "{:.2f}", "0 even, 1 one market"),
        "Growth of its markets": ("pull", "{:+.1%}", "a year, others' sales there"),
    }
    for heading, (key, form, remark) in named.items():
        row = everything.row(0, named=True) if everything.height else {}
        value = row.get(key)
        tiles[heading] = (
            (form.format(value).replace("-", "−"), remark)
            if value is not None
            else (row.get(f"{key}_status") or words.NO_CELL, "no figure: see the marks")
        )
    tiles["Economic complexity"] = _eci(release, geo_id, period)
    st.html(tables.tiles(tiles))


def _eci(release: Release, geo_id: str, period: str) -> tuple[str, str]:
    part = data.Slice("eci", "baci_hs4_gross_exports")
    found = data.cross_section(release, part, "economy", period)
    known = found.filter(pl.col("value").is_not_null())
    own = known.filter(pl.col("geo_id") == geo_id)
    if own.is_empty():
        return words.NO_CELL, "no figure in this year"
    value = own["value"][0]
    above = known.filter(pl.col("value") > value).height
    return f"{value:+.2f}".replace("-", "−"), f"{above + 1}. of {known.height} economies"


def _treemap(
    release: Release, clusters: pl.DataFrame, name: str, period: str, parts: pl.DataFrame
) -> None:
    st.subheader("What it sells, and where it has an advantage", anchor=False)
    drawn = (
        clusters.filter((pl.col("exports_kusd") > 0) & pl.col("rsca").is_not_null())
        .select("cluster_name", "exports_kusd", "rsca")
        .sort("exports_kusd", "cluster_name", descending=[True, False])
    )
    if drawn.is_empty():
        st.info("No cluster has both exports and an advantage in this year.")
        return
    page.draw(
        charts_exports.treemap,
        drawn,
        look=page.look(release),
        alt=f"Exports of {name} by cluster, {period}; the colour is the revealed advantage",
    )
    page.credit("area: share of exports in current USD; colour: index (−1 to 1)", parts, period)


def _markets(
    release: Release,
    clusters: pl.DataFrame,
    name: str,
    period: str,
    window: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader("Does it sell where markets grow?", anchor=False)
    st.caption(
        "To the right: others sell more and more in the markets that the cluster already serves. "
        "High: few of the possible partners are left. The size of a bubble is its exports."
    )
    drawn = clusters.drop_nulls(["pull", "penetration"])
    if drawn.is_empty():
        st.info("No cluster has both figures in this year.")
    else:
        page.draw(
            charts_exports.market_growth,
            drawn.select("cluster_name", "pull", "penetration", "exports_kusd", "rsca"),
            look=page.look(release),
            alt=f"Market growth against partners served, clusters of {name}, {period}",
        )
        page.credit(
            f"symmetric growth a year over {WINDOWS[window]}; share of partners", parts, period
        )
    _left_out(clusters, drawn)


def _survival_and_concentration(
    release: Release, clusters: pl.DataFrame, name: str, period: str, parts: pl.DataFrame
) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Do new exports live?", anchor=False)
        st.caption("Kaplan–Meier; the bar is the 95 % interval. Wide bars: few new flows.")
        drawn = clusters.drop_nulls(["survival"])
        if drawn.is_empty():
            st.info("No cluster has a figure in this year.")
        else:
            page.draw(
                charts_exports.survival,
                drawn.select(
                    "cluster_name",
                    "survival",
                    "survival_lower",
                    "survival_upper",
                    "survival_status",
                ),
                look=page.look(release),
                alt=f"Three-year survival of new exports by cluster, {name}, {period}",
            )
            page.credit("probability", parts, period)
        _left_out(clusters, drawn)
    with right:
        st.subheader("Does much hang on few?", anchor=False)
        st.caption("Normalised Herfindahl index of exports, over markets and over products.")
        drawn = clusters.drop_nulls(["hhi_market", "hhi_product"])
        if drawn.is_empty():
            st.info("No cluster has both figures in this year.")
        else:
            page.draw(
                charts_exports.concentration,
                drawn.select("cluster_name", "hhi_market", "hhi_product"),
                look=page.look(release),
                alt=f"Concentration over markets and products by cluster, {name}, {period}",
            )
            page.credit("index (0 to 1)", parts, period)
        _left_out(clusters, drawn)


def _complexity(
    release: Release, clusters: pl.DataFrame, name: str, period: str, parts: pl.DataFrame
) -> None:
    st.subheader("What could come next: complex and near", anchor=False)
    st.caption(
        "Up: products that few and diversified economies export (mean complexity of the cluster’s "
        "headings, weighted by world exports). Right: near to what the economy is strong in."
    )
    scores = data.cluster_complexity(release, period)
    drawn = clusters.join(scores, on="cluster_id", how="left").drop_nulls(["density", "pci"])
    if drawn.is_empty():
        st.info("No cluster has both a complexity and related strengths in this year.")
        return
    page.draw(
        charts_exports.opportunity,
        drawn.select("cluster_name", "density", "pci", "exports_kusd", "rsca"),
        look=page.look(release),
        alt=f"Complexity against related strengths, clusters of {name}, {period}",
    )
    page.credit("standard deviations of the ECI; share (0 to 1)", parts, period)
    _left_out(clusters, drawn)


def _left_out(clusters: pl.DataFrame, drawn: pl.DataFrame) -> None:
    rest = clusters.join(drawn.select("cluster_id"), on="cluster_id", how="anti")
    if rest.height and drawn.height:
        st.caption(f"Without a figure: {', '.join(rest['cluster_name'])}. The table has the marks.")


def _table(
    release: Release,
    cells: pl.DataFrame,
    clusters: pl.DataFrame,
    geo_id: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader("All clusters, all measures", anchor=False)
    st.html(
        tables.measures(
            clusters.sort("exports_kusd", descending=True, nulls_last=True),
            "cluster_name",
            "Cluster",
            COLUMNS,
            kind="cluster",
        )
    )
    page.download(
        release,
        cells.with_columns(pl.lit(geo_id).alias("geo_id")),
        f"export_linkage_{geo_id}_{period}",
        parts,
        key="exports_csv",
    )
