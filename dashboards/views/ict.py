"""ICT and e-commerce: how far small firms are behind, and whether broadband helps clusters."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import charts_families, data, page, tables, words
from dashboards.data import Release

LAG, GAP, TEST = "sme_followership_lag", "sme_ecommerce_gap", "ict_cluster_interaction"
LEAD = (
    "Small and medium enterprises follow large ones into electronic commerce: by how many years? "
    "And does broadband go with more growth where there is a cluster?"
)


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "ICT and e-commerce", LEAD)
    available = data.bases(release, GAP).filter(pl.col("geo_type") == "economy")
    tests = data.interactions(release)
    if available.is_empty() and tests.is_empty():
        st.info("This release holds no figures on e-commerce or on broadband in clusters.")
        return
    used: list[str] = []
    if available.is_empty():
        parts = data.snapshots(release)
        page.strip(release, parts)
        st.info("This release holds no e-commerce of enterprises by size.")
    else:
        parts, used = _followers(release, available)
    _interaction(release, tests)
    page.legend(release, used)
    measured = data.indicators(release).filter(pl.col("indicator_id").is_in([LAG, GAP, TEST]))
    page.caveats(*measured.to_dicts())
    behind = [data.snapshots_behind(release, TEST, basis) for basis in tests["basis"].unique()]
    page.end(release, pl.concat([parts, *behind]).unique("snapshot_id", maintain_order=True))


def newest_lag(frame: pl.DataFrame) -> pl.DataFrame:
    """For each economy its newest year with a lag or a bound of one.

    Args:
        frame: rows of `data.adoption_by_size`.
    """
    told = pl.any_horizontal(pl.col("lag", "lag_lower", "lag_upper").is_not_null())
    return (
        frame.filter(told)
        .sort("geo_name", "period", descending=[False, True])
        .unique("geo_id", keep="first", maintain_order=True)
    )


def _followers(release: Release, available: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    names = dict(available.select("basis", "basis_name").rows())
    order = sorted(names, key=lambda basis: basis != "oecd_online_orders")
    basis = st.segmented_control(
        "Measured by",
        order,
        default=order[0],
        required=True,
        format_func=names.__getitem__,
        key="ict_basis",
        bind="query-params",
    )
    basis = basis or order[0]
    frame = data.adoption_by_size(release, basis)
    parts = data.snapshots_behind(release, GAP, basis)
    page.strip(release, parts)
    newest = newest_lag(frame)
    st.header(_finding(newest), anchor=False)
    if newest.is_empty():
        st.info("No economy has a lag, or a bound of one, on this basis. The marks say why.")
    else:
        page.draw(
            charts_families.behind,
            newest.select("geo_name", "period", "lag", "lag_lower", "lag_upper", "lag_status"),
            look=page.look(release),
            alt="Years that small enterprises are behind large ones, newest year of each economy",
        )
        page.credit("years; newest year of each economy", parts, _years(newest))
    _absent(release, frame, newest)
    _one(release, frame, newest, parts)
    page.download(release, frame, f"sme_followership_{basis}", parts, key="ict_csv")
    return parts, [*frame["lag_status"].unique(), *frame["gap_status"].unique()]


def _finding(newest: pl.DataFrame) -> str:
    known = newest.drop_nulls("lag")
    if known.is_empty():
        return "How many years small firms are behind cannot be told"
    low, high = (f"{value:.0f}" for value in (known["lag"].min(), known["lag"].max()))
    span = low if low == high else f"{low} to {high}"
    count = words.plural(known.height, "economy").replace("economys", "economies")
    return f"Small firms sell online as large ones did {span} years before ({count})"


def _absent(release: Release, frame: pl.DataFrame, newest: pl.DataFrame) -> None:
    rest = (
        frame.filter(~pl.col("geo_id").is_in(newest["geo_id"].to_list()))
        .sort("period")
        .unique("geo_id", keep="last", maintain_order=True)
        .sort("geo_name")
    )
    listed = [
        f"{row['geo_name']} ({row['lag_status'] or words.NO_CELL})" for row in rest.to_dicts()
    ]
    if listed:
        st.caption(f"Without a lag: {'; '.join(listed)}. The marks say why.")


def _one(release: Release, frame: pl.DataFrame, newest: pl.DataFrame, parts: pl.DataFrame) -> None:
    surveyed = frame.filter(pl.any_horizontal(pl.col("large_pct", "sme_pct").is_not_null()))
    if surveyed.is_empty():
        return
    names = dict(surveyed.select("geo_id", "geo_name").unique(maintain_order=True).rows())
    st.header("One economy over the years", anchor=False)
    geo_id = st.selectbox(
        "Economy",
        list(names),
        format_func=names.__getitem__,
        key="ict_economy",
        bind="query-params",
    )
    own = surveyed.filter(pl.col("geo_id") == geo_id)
    told = newest.filter((pl.col("geo_id") == geo_id) & pl.col("lag").is_not_null())
    lag = told["lag"][0] if told.height else None
    period = told["period"][0] if told.height else own["period"][-1]
    st.caption(
        "The dashed line goes back from the small firms’ share to the year in which large firms "
        "had it. Where large firms were beyond it in the first survey, there is a bound."
    )
    page.draw(
        charts_families.adoption,
        own.select("period", "large_pct", "sme_pct", "gap_status"),
        lag,
        period,
        look=page.look(release),
        alt=f"Online sellers among large and small enterprises in {names[geo_id]}, by year",
    )
    page.credit("percent of enterprises of the size", parts, _years(own))


def _interaction(release: Release, tests: pl.DataFrame) -> None:
    st.header("Does broadband help more where there is a cluster?", anchor=False)
    newest = tests.filter(pl.col("period") == tests["period"].max())
    known = newest.drop_nulls(["value", "value_lower", "value_upper"])
    if known.is_empty():
        st.info("This release has no estimate of it.")
        return
    st.html(f'<p class="ck-lead">{tables.escape(verdict(known))}</p>')
    left, right = st.columns([3, 2], gap="large")
    behind = [data.snapshots_behind(release, TEST, basis) for basis in known["basis"].unique()]
    parts = pl.concat(behind).unique("snapshot_id", maintain_order=True)
    where = ", ".join(known["geo_name"].unique(maintain_order=True))
    with left:
        page.draw(
            charts_families.interaction,
            known.select(
                "basis",
                "basis_name",
                "value",
                "value_lower",
                "value_upper",
                "p_value",
                "is_placebo",
            ),
            look=page.look(release),
            alt="Specialisation times broadband: estimates with 95 percent intervals, placebos",
        )
        page.credit(f"log points over three years, 95 % interval ({where})", parts, _years(known))
    with right:
        both = known.drop_nulls(["effect_at_lq_p25", "effect_at_lq_p75"])
        if both.height:
            page.draw(
                charts_families.slopes,
                both.select(
                    "basis", "basis_name", "effect_at_lq_p25", "effect_at_lq_p75", "is_placebo"
                ),
                look=page.look(release),
                alt="Effect of broadband on growth in weak and in strong clusters, with placebos",
            )
            page.credit("log points over three years per unit of broadband", parts, _years(known))
    page.download(release, known, "ict_cluster_interaction", parts, key="ict_test_csv")


def verdict(known: pl.DataFrame) -> str:
    """What the estimates and their placebos allow to say; an association in any case.

    Args:
        known: value_lower, value_upper, is_placebo; all known.
    """
    above = known.filter(pl.col("value_lower") > 0)
    below = known.filter(pl.col("value_upper") < 0)
    estimates = known.filter(~pl.col("is_placebo")).height
    real = above.filter(~pl.col("is_placebo")).height
    against = below.filter(~pl.col("is_placebo")).height
    false = above.filter("is_placebo").height
    if not real and not against:
        return f"Not decided: {words.plural(estimates, 'estimate')}, and no interval leaves 0 out."
    if against:
        return (
            f"Rather less: {against} of {words.plural(estimates, 'interval')} below 0. An "
            "association, not a cause."
        )
    if false:
        return (
            f"It looks so in {real} of {words.plural(estimates, 'estimate')}, but the placebo is "
            "above 0 too: those clusters grew before broadband could have mattered."
        )
    placebo = (
        "no placebo" if known["is_placebo"].any() else "no earlier years are at hand for a placebo"
    )
    return (
        f"It looks so: {real} of {words.plural(estimates, 'interval')} above 0, and {placebo}. An "
        "association, not a cause."
    )


def _years(frame: pl.DataFrame) -> str:
    return words.span(frame["period"].min(), frame["period"].max())  # type: ignore[arg-type]
