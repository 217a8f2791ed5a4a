"""Entry and rivalry: who enters and leaves, where firms compete, and what a claim is worth."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts, charts_families, data, page, tables, words
from dashboards.data import Release, Slice

TEST, TEST_BASIS = "entry_concentration_gradient", "bds_cbp_sectors"
LEAD = (
    "New firms and rivals nearby are what the guidelines expect of a cluster. Entry against exit "
    "by place, a test of the claim that concentration eases entry, and competition by cluster."
)
NAMED = 6
NATIONAL = {
    "survival_3y": ("bds_firm_cohort", "New firms still there after three years", "share"),
    "entrant_relative_size": ("bds_firm_age_0", "Size of a new firm", "ratio to the average firm"),
}


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Entry and rivalry", LEAD)
    cuts = data.dynamics_periods(release)
    levels = data.region_levels(release)
    if cuts.is_empty() and levels.is_empty():
        st.info("This release holds neither entry by place nor clusters of regions.")
        return
    parts, used = data.snapshots(release), list[str]()
    if cuts.is_empty():
        page.strip(release, parts)
        st.info("This release holds no entry and exit by place.")
    else:
        parts, used = _turnover(release, cuts)
    _claim(release)
    _national(release)
    _competition(release, levels)
    page.legend(release, used)
    ids = ["entry_rate", TEST, "rivalry_index", *NATIONAL]
    measured = data.indicators(release).filter(pl.col("indicator_id").is_in(ids))
    page.caveats(*measured.to_dicts())
    behind = [
        data.snapshots_behind(release, indicator_id, basis)
        for indicator_id, basis in ((TEST, TEST_BASIS), ("rivalry_index", "cbp"))
    ]
    page.end(release, pl.concat([parts, *behind]).unique("snapshot_id", maintain_order=True))


def _turnover(release: Release, cuts: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    level_box, year_box, place_box = st.columns([2, 1.2, 3])
    with level_box:
        cut = st.selectbox(
            "Places",
            cuts["cut"].unique(maintain_order=True).to_list(),
            format_func=words.geo_words,
            key="entry_level",
            bind="query-params",
        )
    with year_box:
        period = st.selectbox(
            "Year",
            cuts.filter(pl.col("cut") == cut)["period"].to_list(),
            key="entry_year",
            bind="query-params",
        )
    frame = data.business_dynamics(release, cut, period)
    known = frame.drop_nulls(["entry_rate_pct", "exit_rate_pct"])
    names = {row["geo_id"]: _full_name(row, cut) for row in frame.to_dicts()}
    with place_box:
        chosen = st.multiselect(
            "Name in the picture",
            list(names),
            format_func=names.__getitem__,
            max_selections=NAMED,
            key=f"entry_{cut}",
            bind="query-params",
        )
    parts = data.snapshots_behind(release, "entry_rate", "bds_establishment_pct", period)
    page.strip(release, parts)
    st.header(_finding(known, cut, period), anchor=False)
    if known.is_empty():
        st.info("No place has both rates in this year. The marks say why.")
        return parts, frame["obs_status"].unique().to_list()
    st.caption(
        "Below the dashed line more establishments enter than leave. A bubble’s size is the number "
        "of establishments."
    )
    page.draw(
        charts_families.turnover,
        known.select(
            "geo_id",
            "geo_name",
            "parent_name",
            "estabs_count",
            "entry_rate_pct",
            "exit_rate_pct",
            "obs_status",
        ),
        chosen or _outstanding(known),
        look=page.look(release),
        alt=f"Entry against exit of establishments, {words.many(cut)}, {period}",
    )
    page.credit("per 100 establishments a year", parts, period)
    gone = frame.height - known.height
    if gone:
        st.caption(
            f"{words.plural(gone, 'place')} without both rates: in the download, with marks."
        )
    page.download(release, frame, f"entry_exit_{cut}_{period}", parts, key="entry_csv")
    _sectors(release, period, parts)
    return parts, frame["obs_status"].unique().to_list()


def _full_name(row: dict[str, str], cut: str) -> str:
    inside = cut == "county" and row["parent_name"]
    return f"{row['geo_name']}, {row['parent_name']}" if inside else row["geo_name"]


def _finding(known: pl.DataFrame, cut: str, period: str) -> str:
    if known.is_empty():
        return f"{period}: entry against exit cannot be told"
    ahead = known.filter(pl.col("entry_rate_pct") > pl.col("exit_rate_pct")).height
    return f"{period}: more enter than leave in {ahead:,} of {known.height:,} {words.many(cut)}"


def _outstanding(known: pl.DataFrame) -> list[str]:
    """The outermost by entry and exit, and the largest: what a reader asks about first."""
    return [
        *known.sort("entry_rate_pct", descending=True)["geo_id"].head(2),
        *known.sort("exit_rate_pct", descending=True)["geo_id"].head(2),
        *known.sort("estabs_count", descending=True, nulls_last=True)["geo_id"].head(2),
    ]


def _sectors(release: Release, period: str, parts: pl.DataFrame) -> None:
    frame = data.entry_by_sector(release, period)
    if frame.is_empty():
        return
    with st.expander("By sector of the nation", expanded=False):
        ordered = frame.sort("entry_rate_pct", descending=True, nulls_last=True)
        shown = ordered.select(
            pl.col("sector_code_naics").alias("sector"),
            *(
                words.written(ordered, f"{name}_rate_pct", lambda v: words.number(v, 1), name)
                for name in ("entry", "exit")
            ),
        )
        heads = {"sector": "NAICS sector", "entry": "Entrants per 100", "exit": "Exits per 100"}
        st.html(tables.plain(shown, heads, numeric=("entry", "exit")))
        page.credit("per 100 establishments, sums over states", parts, period)


def _claim(release: Release) -> None:
    st.header("Is entry easier where an industry is concentrated?", anchor=False)
    frame = data.series(release, Slice(TEST, TEST_BASIS), "economy").filter(
        pl.col("value").is_not_null()
    )
    if frame.is_empty():
        st.info("This release has no test of it.")
        return
    st.html(f'<p class="ck-lead">{tables.escape(verdict(frame))}</p>')
    parts = data.snapshots_behind(release, TEST, TEST_BASIS)
    page.draw(
        charts_families.over_years,
        frame.select("period", "value", "value_lower", "value_upper", "n_obs"),
        title="rank correlation of entry and concentration",
        look=page.look(release),
        alt="Rank correlation of entry and concentration over sectors, with intervals, by year",
    )
    where = ", ".join(frame["geo_name"].unique(maintain_order=True))
    page.credit(
        f"Spearman’s correlation over sectors, 95 % bootstrap interval ({where})",
        parts,
        words.span(frame["period"].min(), frame["period"].max()),  # type: ignore[arg-type]
    )


def verdict(frame: pl.DataFrame) -> str:
    """What the intervals of all years allow to say about the claim.

    Args:
        frame: value_lower, value_upper of each year.
    """
    years = frame.height
    above = frame.filter(pl.col("value_lower") > 0).height
    below = frame.filter(pl.col("value_upper") < 0).height
    if above == below == 0:
        return (
            f"Not decided: the interval contains 0 in all {words.plural(years, 'year')}. The claim "
            "is neither supported nor contradicted."
        )
    return (
        f"Supported in {above}, contradicted in {below} of {words.plural(years, 'year')}; the "
        "others decide nothing. An association over few sectors."
    )


def _national(release: Release) -> None:
    for column, (indicator_id, (basis, title, unit)) in zip(
        st.columns(2, gap="large"), NATIONAL.items(), strict=True
    ):
        frame = data.series(release, Slice(indicator_id, basis), "economy")
        known = frame.filter(pl.col("value").is_not_null())
        with column:
            st.subheader(title, anchor=False)
            if known.is_empty():
                st.info("No economy has a figure in this release.")
                continue
            ids = known["geo_id"].unique(maintain_order=True).to_list()
            page.draw(
                charts.trend,
                known.select("geo_id", "geo_name", "period", "value", "obs_status"),
                ids,
                unit=unit,
                look=page.look(release),
                height=250,
                alt=f"{title}, by year",
            )
            parts = data.snapshots_behind(release, indicator_id, basis)
            page.credit(unit, parts, words.span(known["period"].min(), known["period"].max()))  # type: ignore[arg-type]


def _competition(release: Release, levels: pl.DataFrame) -> None:
    st.header("Where rivals are near: local competition by cluster", anchor=False)
    if levels.is_empty():
        st.info("This release holds no clusters of regions.")
        return
    geo_type = st.segmented_control(
        "Over",
        levels["geo_type"].unique(maintain_order=True).to_list(),
        default=levels["geo_type"][0],
        required=True,
        format_func=words.geo_words,
        key="rivalry_level",
        bind="query-params",
    )
    geo_type = geo_type or str(levels["geo_type"][0])
    period = str(levels.filter(pl.col("geo_type") == geo_type)["period"].max())
    frame = data.rivalry_by_cluster(release, geo_type, period)
    if frame.is_empty():
        st.info("No region has a figure: everything is withheld.")
        return
    st.caption(
        "Establishments a job, against the same in the nation: above 1 the region’s establishments "
        "are smaller and more rivals share the jobs. The bar is the middle half of the regions; "
        "small and withheld cells are left out."
    )
    page.draw(
        charts_families.competition,
        frame,
        look=page.look(release),
        alt=f"Local competition by cluster over {words.many(geo_type)}, {period}",
    )
    parts = data.snapshots_behind(release, "rivalry_index", "cbp", period)
    page.credit("ratio to the nation", parts, period)
    page.download(release, frame, f"rivalry_{geo_type}_{period}", parts, key="rivalry_csv")
