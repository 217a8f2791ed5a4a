"""One indicator on one basis: ranking, trend, map, spread, definition and caveats.

Two bases of an indicator measure different things. The page shows one of them, chosen above the
figures, so that no ranking, map or line can mix them.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import charts, data, links, maps, page, tables, words
from dashboards.data import Release, Slice
from dashboards.style import CATEGORIES

LEAD = (
    "Any indicator of the release: where it is high and low, how it moved, how sure it is, and "
    "what it does not say."
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "One indicator", LEAD)
    show(release, "any", data.indicators(release))


def show(release: Release, prefix: str, indicators: pl.DataFrame) -> None:
    """One of `indicators`, chosen by the reader, on one basis.

    Args:
        release: the release.
        prefix: of the names in the address, so that pages do not share their choices.
        indicators: rows of the dictionary, at least one.
    """
    indicator = _choose_indicator(_in_order(release, indicators), prefix)
    available = data.bases(release, indicator["indicator_id"])
    if available.is_empty():
        st.info(f"No cell of “{indicator['indicator_name']}” is in this release.")
        return
    basis = _choose_basis(available, prefix)
    _one_basis(release, prefix, indicator, basis, several=available.height > 1)


def _in_order(release: Release, indicators: pl.DataFrame) -> pl.DataFrame:
    """What readers look for first: economies before regions, scored before context, by name."""
    of_economies = {
        indicator_id: "economy" in data.bases(release, indicator_id)["geo_type"]
        for indicator_id in indicators["indicator_id"]
    }
    return indicators.sort(
        ~pl.col("indicator_id").replace_strict(of_economies, return_dtype=pl.Boolean),
        pl.col("role") != "scored",
        "indicator_name",
    )


def _choose_indicator(indicators: pl.DataFrame, prefix: str) -> dict[str, Any]:
    rows = {row["indicator_id"]: row for row in indicators.to_dicts()}
    if len(rows) == 1:
        return next(iter(rows.values()))
    chosen = st.selectbox(
        "Indicator",
        list(rows),
        format_func=lambda i: rows[i]["indicator_name"],
        key=f"{prefix}_indicator",
        bind="query-params",
    )
    return rows[chosen]


def _choose_basis(available: pl.DataFrame, prefix: str) -> dict[str, Any]:
    rows = {f"{row['basis']}:{row['geo_type']}": row for row in available.to_dicts()}
    keys = list(rows)
    if len(keys) == 1:
        return rows[keys[0]]
    chosen = st.segmented_control(
        "Basis",
        keys,
        default=keys[0],
        required=True,
        format_func=lambda k: f"{words.geo_words(rows[k]['geo_type'])}: {rows[k]['basis_name']}",
        key=f"{prefix}_basis",
        bind="query-params",
    )
    return rows[chosen or keys[0]]


def _one_basis(
    release: Release,
    prefix: str,
    indicator: dict[str, Any],
    basis: dict[str, Any],
    *,
    several: bool,
) -> None:
    geo_type = basis["geo_type"]
    cluster_id = _choose_cluster(release, prefix, indicator, basis)
    part = Slice(indicator["indicator_id"], basis["basis"], cluster_id)
    frame = data.series(release, part, geo_type)
    newest_first = frame["period"].unique().sort(descending=True).to_list()
    st.header(f"{indicator['indicator_name']}: {words.many(geo_type)}", anchor=False)
    text = f"{basis['basis_name']}: {basis['unit']}. {basis['description']}"
    if several:
        text += (
            " The bases of this indicator measure different things: their values and their "
            "ranks are never compared."
        )
    st.html(f'<p class="ck-lead">{tables.escape(text)}</p>')
    usual = words.default_period(frame, newest_first)
    left, right = st.columns([1, 3])
    with left:
        period = st.selectbox(
            "Year",
            newest_first,
            index=newest_first.index(usual),
            key=f"{prefix}_{basis['basis']}_year",
            bind="query-params",
        )
    ordered = words.ranked(
        frame.filter(pl.col("period") == period).drop("period"), indicator["direction"]
    )
    names = dict(frame.select("geo_id", "geo_name").unique().rows())
    with right:
        compared = st.multiselect(
            "Highlight in the trend",
            sorted(names, key=names.__getitem__),
            default=_first_ones(ordered),
            max_selections=len(CATEGORIES),
            format_func=names.__getitem__,
            key=f"{prefix}_{basis['basis']}_compare",
            bind="query-params",
        )
    parts = data.snapshots_behind(release, part.indicator_id, part.basis)
    page.strip(release, parts)
    _headline(frame, ordered, geo_type, period)
    labels = words.status_labels(data.statuses(release))
    _figures(release, ordered, frame, compared, labels, indicator, basis, period, cluster_id)
    page.legend(release, frame["obs_status"].unique().to_list())
    page.caveats(indicator)
    table = frame.with_columns(
        pl.lit(part.indicator_id).alias("indicator_id"),
        pl.lit(part.basis).alias("basis"),
        pl.lit(part.cluster_id).alias("cluster_id"),
        pl.lit(basis["unit"]).alias("unit"),
    )
    page.download(release, table, f"{part.indicator_id}_{part.basis}", parts, key=f"{prefix}_csv")
    page.end(release, parts)


def _choose_cluster(
    release: Release, prefix: str, indicator: dict[str, Any], basis: dict[str, Any]
) -> str:
    found = data.clusters_with_cells(release, indicator["indicator_id"], basis["basis"])
    names = dict(found.select("cluster_id", "cluster_name").rows())
    if len(names) <= 1:
        return next(iter(names), "all")
    return st.selectbox(
        "Cluster",
        list(names),
        format_func=names.__getitem__,
        key=f"{prefix}_cluster",
        bind="query-params",
    )


def _first_ones(ordered: pl.DataFrame) -> list[str]:
    """What is highlighted before anybody chooses: the first three and the last of the order."""
    known = ordered.filter(pl.col("value").is_not_null())
    compared = words.rankable(ordered)
    ids = (known if compared.is_empty() else compared)["geo_id"].to_list()
    return ids if len(ids) <= 4 else [*ids[:3], ids[-1]]


def _headline(frame: pl.DataFrame, ordered: pl.DataFrame, geo_type: str, period: str) -> None:
    known = ordered.filter(pl.col("value").is_not_null())
    digits = words.decimals(ordered["value"])
    tiles = {
        f"With a value in {period}": (
            f"{known.height} of {ordered.height}",
            words.many(geo_type),
        )
    }
    if known.height * 3 >= ordered.height * 2:
        middle = known["value"].median()
        tiles["Median"] = (words.number(float(middle), digits), "of those with a value")  # type: ignore[arg-type]
    compared = words.rankable(ordered)
    if compared.height > 1:
        high = compared.sort("value", descending=True).row(0, named=True)
        low = compared.sort("value").row(0, named=True)
        tiles["Highest"] = (words.number(high["value"], digits), high["geo_name"])
        tiles["Lowest"] = (words.number(low["value"], digits), low["geo_name"])
    reported = frame.filter(pl.col("value").is_not_null())["period"]
    tiles["Years with figures"] = (
        words.span(reported.min(), reported.max()),  # type: ignore[arg-type]
        "in this release",
    )
    st.html(tables.tiles(tiles))


def _figures(
    release: Release,
    ordered: pl.DataFrame,
    frame: pl.DataFrame,
    compared: list[str],
    labels: dict[str, str],
    indicator: dict[str, Any],
    basis: dict[str, Any],
    period: str,
    cluster_id: str,
) -> None:
    geo_type, unit, look = basis["geo_type"], basis["unit"], page.look(release)
    name = indicator["indicator_name"]
    if geo_type in maps.OUTLINES and ordered["value"].is_not_null().any():
        st.subheader(f"Map, {period}", anchor=False)
        page.draw_map(
            maps.value_map,
            ordered,
            geo_type,
            labels,
            unit=unit,
            look=look,
            alt=f"Map of {name}, {period}",
        )
    left, right = st.columns(2, gap="large")
    with left:
        neutral = indicator["direction"] == "neutral"
        title = "Values" if neutral or ordered["rank"].is_null().all() else "Ranking"
        st.subheader(f"{title}, {period}", anchor=False)
        st.caption(_how_to_rank(ordered, indicator["direction"]))
        st.html(
            tables.ranking(
                ordered,
                labels,
                unit=unit,
                place_heading=words.one(geo_type),
                address=lambda row: links.passport(
                    indicator["indicator_id"],
                    str(row["geo_id"]),
                    period,
                    basis["basis"],
                    cluster_id,
                ),
            )
        )
    with right:
        st.subheader("Trend", anchor=False)
        if frame["value"].is_null().all():
            st.info("No year of this series has a value. The marks say why.")
            return
        st.caption(
            "A line breaks where a year was not reported; a letter is a mark (B: break in the "
            "series, E: estimated, P: provisional, U: unreliable). The others are in grey."
        )
        page.draw(
            charts.trend,
            frame,
            compared,
            unit=unit,
            look=look,
            height=420,
            alt=f"Trend of {name}, {basis['basis_name']}",
        )
        _where_from(frame, compared, indicator["indicator_id"], basis["basis"], cluster_id)
        if words.rankable(ordered).height > 2:
            st.subheader(f"Spread, {period}", anchor=False)
            st.caption("Each stroke is a place; the long one is the median.")
            page.draw(
                charts.spread,
                words.rankable(ordered),
                compared,
                unit=unit,
                look=look,
                alt=f"Spread of {name} over {words.many(geo_type)}, {period}",
            )


def _where_from(
    frame: pl.DataFrame, compared: list[str], indicator_id: str, basis: str, cluster_id: str
) -> None:
    """Below the trend: the newest number of each line that stands out."""
    newest = (
        frame.filter(pl.col("geo_id").is_in(compared) & pl.col("value").is_not_null())
        .sort("period", descending=True)
        .unique("geo_id", keep="first", maintain_order=True)
        .sort("geo_name")
    )
    st.html(
        links.where_from(
            (
                f"{row['geo_name']}, {row['period']}",
                links.passport(indicator_id, row["geo_id"], row["period"], basis, cluster_id),
            )
            for row in newest.to_dicts()
        )
    )


def _how_to_rank(ordered: pl.DataFrame, direction: str) -> str:
    text = page.DIRECTIONS.get(direction, "")
    small = ordered["value"].is_not_null().sum() - words.rankable(ordered).height
    if small:
        text += f" {words.plural(small, 'value')} of low reliability (U): shown, not ranked."
    if words.has_intervals(ordered):
        text += " Where intervals overlap, the order of two places is not certain."
    return f"{text} A click on a number shows where it comes from."
