"""One US region: all its clusters, what they lack, and what is near to what they are.

Everything rests on `marts.region_cluster` and `marts.missing_link`. What is withheld is an
interval on this page, in the pictures as in the tables, and a verdict only where both ends agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, charts_regions, data, page, tables, words
from dashboards.data import Release

INDICATOR = "location_quotient"
LEAD = (
    "What a region is specialised in, how sure that is, whether it grows, which suppliers its "
    "clusters lack, and which clusters are usually found beside them."
)
RULES = (
    "Strength within traded or local employment, over regions of one kind in one year. Qualifying: "
    "employment and establishments above their 25th percentiles, quotient above its 25th. Above "
    "the median, strong (75th percentile and at least 1) and top tenth (90th and at least 1) have "
    "the same base. These are ranks; the p-value is a test (share of bootstrap draws that lie as "
    "far out)."
)
OWN_REGIONS = """
Regions of your own are aggregated by the nightly job, with the same bounds as every other kind.
Put one row for each member into a CSV and place it in the folder `regions` of the state directory
(`CLUSTERKPI_HOME`); `clusterkpi regions check` names every mistake before you do.
"""
EXAMPLE = (
    "region_id,region_name,member_geo_id\n"
    "delta,Mississippi Delta,USA-FIPS-28151\n"
    "delta,Mississippi Delta,USA-FIPS-28011\n"
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Portfolio of a region", LEAD)
    levels = data.region_levels(release)
    indicators = data.indicators(release).filter(pl.col("indicator_id") == INDICATOR)
    if levels.is_empty():
        st.info("This release holds no clusters of regions.")
        return
    geo_type, geo_id, name, period = _choose(release, levels)
    basis = data.quotient_basis(geo_type)
    parts = data.snapshots_behind(release, INDICATOR, basis, period)
    page.strip(release, parts)
    frame = data.region_portfolio(release, geo_id, basis, period)
    present = frame.filter(pl.col("strength_least").is_not_null())
    labels = words.status_labels(data.statuses(release))
    st.header(_finding(present, name, period), anchor=False)
    _headline(present)
    if present.is_empty():
        st.info(f"Nothing is published on clusters of {name} in {period}.")
    else:
        _portfolio(release, present, name, period, parts)
        _table(release, present, geo_id, name, period, parts)
        _quotients(release, frame, name, period, parts, labels)
        _one_cluster(release, present, geo_type, geo_id, name, period, parts)
        _related(release, present, geo_id, name, period, parts)
    _own_regions()
    page.legend(release, frame["obs_status"].unique().to_list())
    page.caveats(*indicators.to_dicts())
    page.end(release, parts)


def _choose(release: Release, levels: pl.DataFrame) -> tuple[str, str, str, str]:
    level_box, region_box, year_box = st.columns([2, 4, 1.4])
    with level_box:
        geo_type = st.selectbox(
            "Level",
            levels["geo_type"].unique(maintain_order=True).to_list(),
            format_func=words.geo_words,
            key="region_level",
            bind="query-params",
        )
    found = data.regions(release, geo_type)
    names = {row["geo_id"]: _full_name(row, geo_type) for row in found.to_dicts()}
    ids = list(names)
    with region_box:
        geo_id = st.selectbox(
            "Region",
            ids,
            index=ids.index(_largest(found)),
            format_func=names.__getitem__,
            key=f"region_{geo_type}",
            bind="query-params",
        )
    with year_box:
        period = st.selectbox(
            "Year",
            levels.filter(pl.col("geo_type") == geo_type)["period"].to_list(),
            key="region_year",
            bind="query-params",
        )
    return geo_type, geo_id, names[geo_id], period


def _full_name(row: dict[str, Any], geo_type: str) -> str:
    inside = geo_type == "county" and row["parent_name"]
    return f"{row['geo_name']}, {row['parent_name']}" if inside else str(row["geo_name"])


def _largest(found: pl.DataFrame) -> str:
    """The region with most jobs: what a reader sees before choosing."""
    order = found.sort("emp_least_count", descending=True, nulls_last=True, maintain_order=True)
    return str(order["geo_id"][0])


def _traded(present: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The traded clusters; where a source has none, the groups of its own classification."""
    traded = present.filter(pl.col("cluster_class") == "traded")
    if traded.is_empty():
        return present.filter(pl.col("cluster_class").is_null()), "industry group"
    return traded, "traded cluster"


def _finding(present: pl.DataFrame, name: str, period: str) -> str:
    traded, kind = _traded(present)
    strong = traded.filter(pl.col("strength_least") >= 3)
    if strong.is_empty():
        return f"{name}, {period}: no {kind} is surely strong"
    first = strong.sort(pl.coalesce("lq_in_class", "lq_in_class_lower"), descending=True)
    count = words.plural(strong.height, kind)
    verb = "is" if strong.height == 1 else "are"
    return f"{name}, {period}: {count} {verb} strong, led by {first['cluster_name'][0]}"


def _headline(present: pl.DataFrame) -> None:
    traded, kind = _traded(present)
    sure = traded.filter(pl.col("strength_least") >= 3).height
    maybe = traded.filter((pl.col("strength_least") < 3) & (pl.col("strength_most") >= 3)).height
    tested = traded.filter(pl.col("p_value") <= words.ALPHA).height
    # groups of a classification and clusters made of them hold the same jobs: never both
    groups = present.filter(pl.col("cluster_class").is_null())
    parts = present if groups.is_empty() else groups
    least = parts.select(pl.coalesce("emp_count", "emp_lower_count").sum()).item()
    is_published = parts["emp_lower_count"].is_not_null().any()
    held = parts.filter(pl.col("emp_count").is_null()).height if is_published else 0
    st.html(
        tables.tiles(
            {
                "Employees in clusters": (
                    f"{'≥ ' if held else ''}{least:,}" if is_published else "not published",
                    "withheld ones with their least"
                    if held
                    else "traded and local"
                    if groups.is_empty()
                    else "all industry groups",
                ),
                f"Strong {kind}s": (
                    f"{sure} – {sure + maybe}" if maybe else f"{sure}",
                    f"of {traded.height}",
                ),
                f"Significant (p ≤ {words.ALPHA:g})": (f"{tested}", f"{kind}s, bootstrap test"),
                "Employment withheld": (f"{held}", f"of {parts.height}: intervals"),
            }
        )
    )


def _portfolio(
    release: Release, present: pl.DataFrame, name: str, period: str, parts: pl.DataFrame
) -> None:
    traded, kind = _traded(present)
    st.subheader(
        f"Specialised and growing? {kind.capitalize()}s by quotient and growth", anchor=False
    )
    drawn = charts_regions.placed(traded)
    if drawn.is_empty():
        st.info(f"No {kind} has both a growth and a quotient or its bounds in this year.")
    else:
        page.draw(
            charts_regions.portfolio,
            drawn,
            look=page.look(release),
            alt=f"Portfolio of {name}, {period}: quotient against growth, sized by employment",
        )
    left_out = traded.join(drawn.select("cluster_id"), on="cluster_id", how="anti")
    if left_out.height:
        some = ", ".join(left_out["cluster_name"].to_list())
        st.caption(f"Without a place in the picture (no growth or no bounds): {some}.")
    page.credit("ratio; symmetric growth over a year; employees", parts, period)


def _table(
    release: Release,
    present: pl.DataFrame,
    geo_id: str,
    name: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.subheader("All clusters, all measures", anchor=False)
    st.caption(RULES + " Click a heading to sort; an interval is what withheld figures allow.")
    st.html(tables.portfolio(present.sort("strength_least", "lq_in_class", descending=True)))
    page.download(
        release,
        present.with_columns(pl.lit(geo_id).alias("geo_id"), pl.lit(period).alias("period")),
        f"region_cluster_{geo_id}_{period}",
        parts,
        key="region_csv",
    )


def _quotients(
    release: Release,
    frame: pl.DataFrame,
    name: str,
    period: str,
    parts: pl.DataFrame,
    labels: dict[str, str],
) -> None:
    with st.expander("Location quotients over all industries, with intervals", expanded=False):
        drawn, listed = st.columns([5, 4], gap="large")
        with drawn:
            page.draw(
                charts.profile,
                frame,
                unit="location quotient, all industries",
                look=page.look(release),
                alt=f"Location quotients of all clusters in {name}, {period}",
            )
        with listed:
            st.html(tables.cells(frame.filter(pl.col("obs_status") != ""), "cluster_name", labels))
        page.credit("ratio", parts, period)


def _one_cluster(
    release: Release,
    present: pl.DataFrame,
    geo_type: str,
    geo_id: str,
    name: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.header("One cluster of the region", anchor=False)
    links = data.missing_links(release, geo_id)
    order = present.sort(
        pl.col("cluster_class") != "traded",
        pl.col("strength_least"),
        pl.coalesce("emp_count", "emp_lower_count"),
        descending=[False, True, True],
    )
    names = dict(order.select("cluster_id", "cluster_name").rows())
    cluster_id = st.selectbox(
        "Cluster",
        list(names),
        format_func=names.__getitem__,
        key="region_cluster",
        bind="query-params",
    )
    left, right = st.columns(2, gap="large")
    with left:
        _links(release, links, cluster_id, names[cluster_id], name)
    with right:
        st.subheader(f"{names[cluster_id]} over the years", anchor=False)
        past = data.region_history(release, geo_id, cluster_id)
        if past.select(pl.col("lq_in_class", "lq_in_class_lower").is_not_null().any()).row(0) == (
            False,
            False,
        ):
            st.info("No year has a quotient or a bound.")
        else:
            page.draw(
                charts_regions.history,
                past,
                look=page.look(release),
                alt=f"Location quotient of {names[cluster_id]} in {name} over the years",
            )
            page.credit("ratio; bars are intervals of withheld years", parts, _years(past))
    _together(release, present, cluster_id, names[cluster_id], period, parts)


def _links(release: Release, links: pl.DataFrame, cluster_id: str, cluster: str, name: str) -> None:
    st.subheader(f"Suppliers that {cluster} lacks here", anchor=False)
    own = links.filter(pl.col("cluster_id") == cluster_id)
    if links.is_empty():
        st.info(f"This release names no missing links of {name}.")
        return
    if own.is_empty():
        st.info(
            "No supplier of at least 1 percent of its inputs has less than a quarter of its "
            "proportional size here."
        )
        return
    sure = own.filter("is_sure").height
    year, io_year = own["period"][0], own["io_year"][0]
    st.caption(
        f"{words.plural(own.height, 'supplier industry')}".replace("industrys", "industries")
        + f" with less than a quarter of its size in proportion; {sure} of them whatever is "
        "withheld. Bought abroad is not always bought badly: see the import share."
    )
    page.draw(
        charts_regions.suppliers,
        own,
        look=page.look(release),
        alt=f"Missing suppliers of {cluster} in {name}, by share of purchases",
    )
    st.caption(
        f"Unit: share of purchases. Sources: employment of {year}, input-output accounts of "
        f"{io_year}. Period: {year}."
    )
    with st.expander("As a table", expanded=False):
        st.html(
            tables.plain(
                own.select(
                    pl.col("supplier_name").alias("supplier"),
                    words.written(own, "weight", "{:.1%}".format, "weight"),
                    words.written(
                        own,
                        ["cilq", "cilq_lower", "cilq_upper"],
                        lambda value, low, high: (
                            words.number(value, 2) or words.interval(low, high, 2)
                        ),
                        "presence",
                    ),
                    words.written(own, "import_share", "{:.0%}".format, "import_share"),
                    pl.when("is_sure").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("sure"),
                ),
                {
                    "supplier": "Supplier industry",
                    "weight": "Share of purchases",
                    "presence": "Presence here",
                    "import_share": "Imported in the nation",
                    "sure": "Missing for sure",
                },
                numeric=("weight", "presence", "import_share"),
            )
        )


def _together(
    release: Release,
    present: pl.DataFrame,
    cluster_id: str,
    cluster: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    pairs = data.found_together(release, period)
    own = pairs.filter((pl.col("cluster_id") == cluster_id) & pl.col("proximity").is_not_null())
    st.subheader(f"Found beside {cluster}", anchor=False)
    if own.is_empty():
        st.info("Only traded clusters have related clusters; this one has none in this year.")
        return
    near = own.head(8)
    ids = [cluster_id, *near["other_id"]]
    names = dict(pairs.select("other_id", "other_name").unique().rows()) | {cluster_id: cluster}
    kept = pairs.filter(pl.col("cluster_id").is_in(ids) & pl.col("other_id").is_in(ids))
    drawn = kept.filter(
        (pl.col("cluster_id") != cluster_id) | pl.col("other_id").is_in(near["other_id"])
    ).with_columns(pl.col("cluster_id").replace_strict(names).alias("cluster_name"))
    st.caption(
        "Related clusters of the nation: of the economic areas that are specialised in one of the "
        "two, how many are in both (the smaller of the two shares). A thicker line is a closer tie."
    )
    drawing, listed = st.columns([3, 2], gap="large")
    with drawing:
        page.draw(
            charts_regions.together,
            drawn,
            cluster_id,
            look=page.look(release),
            alt=f"Network of clusters found beside {cluster}; the table has the figures",
        )
    with listed:
        st.html(
            tables.plain(
                near.select(
                    pl.col("other_name").alias("cluster"),
                    words.written(near, "proximity", "{:.0%}".format, "proximity"),
                    "areas_count",
                    words.written(near, "other_id", _strength_of(present), "strength"),
                ),
                {
                    "cluster": "Cluster",
                    "proximity": "Together",
                    "areas_count": "Areas",
                    "strength": "In this region",
                },
                numeric=("proximity", "areas_count"),
            )
        )
    page.credit("share of economic areas", parts, period)


def _strength_of(present: pl.DataFrame) -> Callable[[str], str]:
    found = {
        row["cluster_id"]: words.strength(row["strength_least"], row["strength_most"])
        for row in present.to_dicts()
    }
    return lambda cluster_id: found.get(cluster_id, "no cell")


def _related(
    release: Release,
    present: pl.DataFrame,
    geo_id: str,
    name: str,
    period: str,
    parts: pl.DataFrame,
) -> None:
    st.header("What is near to what the region is strong in", anchor=False)
    near = data.relatedness(release, geo_id, period)
    if near.is_empty():
        st.info("Related strengths are measured for states and economic areas.")
        return
    joined = present.drop("value", "value_lower", "value_upper", "obs_status").join(
        near.rename(
            {"value": "density", "value_lower": "density_lower", "value_upper": "density_upper"}
        ),
        on="cluster_id",
    )
    drawn = joined.drop_nulls(["density", "lq_in_class"])
    if drawn.is_empty():
        st.info("No cluster of this region has both figures in this year.")
        return
    next_ones = drawn.filter(pl.col("lq_in_class") < 1).sort("density", descending=True).head(3)
    if next_ones.height:
        st.html(
            '<p class="ck-lead">Nearest to what is here and not yet specialised: '
            + tables.escape(", ".join(next_ones["cluster_name"]))
            + ".</p>"
        )
    page.draw(
        charts_regions.related,
        drawn.select(
            "cluster_name", "density", "density_lower", "density_upper", "lq_in_class", "obs_status"
        ),
        look=page.look(release),
        alt=f"Related strengths against own specialisation, clusters of {name}, {period}",
    )
    page.credit("share (0 to 1); ratio", parts, period)
    missing = joined.height - drawn.height
    if missing:
        st.caption(f"{words.plural(missing, 'cluster')} without a published quotient: not drawn.")


def _own_regions() -> None:
    with st.expander("A region of your own", expanded=False):
        st.markdown(OWN_REGIONS)
        st.code(EXAMPLE, language=None)
        st.code("clusterkpi regions check mine.csv", language="bash")


def _years(frame: pl.DataFrame) -> str:
    return words.span(frame["period"].min(), frame["period"].max())  # type: ignore[arg-type]
