"""What every page has: warning, release, clocks, legend, sources, download.

Belongs here: the furniture that keeps a figure together with what a reader has to know about it.
Does not belong here: what one page is about (`dashboards.views`), queries (`dashboards.data`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import polars as pl
import streamlit as st
from altair.utils.schemapi import debug_mode
from streamlit.errors import StreamlitAuthError

from dashboards import data, tables, words
from dashboards.data import Release
from dashboards.style import DARK, LIGHT, Look, css

DEMO_TITLE = "SYNTHETIC DEMONSTRATION DATA"
LONG_NOTICE = 240  # letters; a longer notice unfolds after its first sentence


def begin(release: Release, title: str, lead: str = "") -> None:
    """Style, the warning of the release, the title and one sentence."""
    st.html(css(look(release).palette))
    if release.is_synthetic:
        st.html('<div class="ck-water" aria-hidden="true"></div>')
    st.html(banner(release))
    st.title(title, anchor=False)
    if lead:
        st.html(f'<p class="ck-lead">{escape(lead)}</p>')


def look(release: Release) -> Look:
    """How pictures of this release are dressed for this reader's theme."""
    dark = st.context.theme.type == "dark"
    return Look(DARK if dark else LIGHT, release.is_synthetic)


def banner(release: Release) -> str:
    """The notice of the release: unmistakable when its figures are synthetic."""
    if release.is_synthetic:
        rest = release.notice.removeprefix(DEMO_TITLE).lstrip(" .")
        text = rest or "The figures are generated. Do not quote them."
        return (
            f'<div class="ck-demo" role="alert"><strong>{DEMO_TITLE}</strong>'
            f"<span>{escape(text)}</span></div>"
        )
    first, _, rest = release.notice.partition(". ")
    if rest and len(release.notice) > LONG_NOTICE:
        return (
            f'<details class="ck-notice"><summary>{escape(first)}. What to know before quoting a '
            f"figure</summary>{escape(rest)}</details>"
        )
    return f'<div class="ck-notice">{escape(release.notice)}</div>' if release.notice else ""


def guideline_titles(release: Release) -> dict[str, str]:
    """guideline_id → `1. Infrastructure`, in order; structure comes last."""
    titles = {
        row["guideline_id"]: f"{row['guideline_no']}. {row['title']}"
        for row in data.guidelines(release).to_dicts()
    }
    return {**titles, "structure": "Structure of clusters"}


def release_line(release: Release) -> None:
    """Which release this is."""
    st.html(
        tables.facts(
            {
                "Release": release.release_id,
                "Built": words.moment(release.built_at),
                "Profile": release.profile,
            }
        )
    )


def clocks(parts: pl.DataFrame) -> None:
    """Three clocks for each source: last checked, last changed at source, reference period."""
    sources = data.by_source(parts)
    frame = pl.DataFrame(
        [
            {
                "source": row["source_name"],
                "checked": words.moment(row["last_checked_at"], "never"),
                "changed": words.moment(row["source_changed_at"]),
                "reference": words.span(
                    row["reference_period_first"], row["reference_period_last"]
                ),
            }
            for row in sources.to_dicts()
        ],
        schema=["source", "checked", "changed", "reference"],
    )
    headings = {
        "source": "Source",
        "checked": "Last checked",
        "changed": "Last changed at source",
        "reference": "Reference period",
    }
    st.html(tables.plain(frame, headings))


def strip(release: Release, parts: pl.DataFrame) -> None:
    """The release and the three clocks over all `parts`, in one line; `end` has them by source."""
    checked, changed = parts["last_checked_at"].max(), parts["source_changed_at"].max()
    first, last = parts["reference_period_first"].min(), parts["reference_period_last"].max()
    pairs = {
        "Release": release.release_id,
        "Last checked": words.moment(checked, "never"),  # type: ignore[arg-type]
        "Last changed at source": words.day(changed),  # type: ignore[arg-type]
        "Reference period": words.span(first, last),  # type: ignore[arg-type]
    }
    st.html(f'<div class="ck-strip">{tables.facts(pairs)}</div>')


def credit(unit: str, parts: pl.DataFrame, period: str) -> None:
    """Unit, source and period of a picture, in a line below it."""
    sources = ", ".join(data.by_source(parts)["source_name"].to_list())
    st.caption(f"Unit: {unit}. Source: {sources or 'none'}. Period: {period}.")


def legend(release: Release, used: Sequence[str]) -> None:
    """What the status marks mean."""
    with st.expander("What the marks mean", expanded=False):
        st.html(tables.legend(data.statuses(release), list(used)))


def end(release: Release, parts: pl.DataFrame) -> None:
    """Clocks, attribution and licence, and the release, at the foot of a page."""
    st.subheader("Sources and dates", anchor=False)
    clocks(parts)
    credits = "".join(
        f"<div><strong>{escape(row['source_name'])}.</strong> "
        f"{escape((row['attribution'] or '').rstrip('. '))}. "
        f"Licence: {escape(row['licence_title'] or 'not stated')}.</div>"
        for row in data.by_source(parts).to_dicts()
    )
    many = parts["source_id"].n_unique() > 3
    if many:
        credits = f"<details><summary>Attribution and licences</summary>{credits}</details>"
    st.html(f'<div class="ck-foot">{credits}</div>')
    release_line(release)


def download(
    release: Release, frame: pl.DataFrame, name: str, parts: pl.DataFrame, *, key: str
) -> None:
    """A button for the figures above it as CSV, which is only written when somebody asks for it."""
    st.download_button(
        "Download these figures (CSV)",
        data=partial(csv, release, frame, parts),
        file_name=f"{'SYNTHETIC_' if release.is_synthetic else ''}{name}.csv",
        mime="text/csv",
        key=key,
        on_click="ignore",
    )


def csv(release: Release, frame: pl.DataFrame, parts: pl.DataFrame) -> bytes:
    """The frame with columns that keep notice, release and attribution with every row."""
    credit = "; ".join(text for text in data.by_source(parts)["attribution"].to_list() if text)
    notice = release.notice or (DEMO_TITLE if release.is_synthetic else "")
    added = {"release_id": release.release_id, "attribution": credit}
    return (
        frame.select(
            *([] if "notice" in frame else [pl.lit(notice).alias("notice")]),
            pl.all(),
            *(pl.lit(text).alias(name) for name, text in added.items() if name not in frame),
        )
        .write_csv()
        .encode()
    )


def caveats(*indicators: Mapping[str, str]) -> None:
    """How indicators are made and where they mislead, in the catalogue's own words."""
    with st.expander("How this is measured, and where it misleads", expanded=False):
        for indicator in indicators:
            pairs = {
                "What it is": indicator["description"],
                "Formula": indicator["formula"],
                "Direction": DIRECTIONS.get(indicator["direction"], indicator["direction"]),
                "Reading": indicator["interpretation"],
                "Caveat": indicator["caveat"],
                "Reference": indicator["reference"],
                "Model": indicator["sql_model"],
            }
            if len(indicators) > 1:
                st.subheader(indicator["indicator_name"], anchor=False)
            st.html(tables.definitions({name: text for name, text in pairs.items() if text}))


DIRECTIONS = {
    "up": "Higher is better.",
    "down": "Lower is better.",
    "neutral": "Neither high nor low is better: shown, not ranked.",
}


def show(spec: dict[str, Any], *, alt: str) -> None:
    """A picture that is a specification and so quickly made that keeping it would take longer."""
    st.vega_lite_chart(spec=spec, theme=None, width="stretch", alt=alt)


def draw(builder: Callable[..., Any], *arguments: Any, alt: str, **named: Any) -> None:
    """A picture of `dashboards.charts`; made once for the same figures and the same look."""
    name = f"{builder.__module__}.{builder.__qualname__}"
    spec = _spec(builder, name, arguments, named)
    st.vega_lite_chart(spec=spec, theme=None, width="stretch", alt=alt)


def draw_map(builder: Callable[..., Any], *arguments: Any, alt: str, **named: Any) -> None:
    """A map of `dashboards.maps`, and which places have a figure that it cannot show."""
    name = f"{builder.__module__}.{builder.__qualname__}"
    spec, without_outline = _spec(builder, name, arguments, named)
    st.vega_lite_chart(spec=spec, theme=None, width="stretch", alt=alt)
    unmapped(without_outline)


def _content(frame: pl.DataFrame) -> tuple[tuple[str, ...], int]:
    return tuple(frame.columns), int(frame.hash_rows(seed=1).implode().hash()[0]) + frame.height


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs={pl.DataFrame: _content})
def _spec(
    _builder: Callable[..., Any], name: str, arguments: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    # Altair checks every part of a picture against its schema, which takes longer than all queries:
    # the tests check every picture, the server draws it unchecked.
    with debug_mode(False):
        made = _builder(*arguments, **named)
        if isinstance(made, tuple):
            spec, filled = made
            return spec, filled.without_outline
        return made.to_dict(validate=False)


def unmapped(names: Sequence[str]) -> None:
    """Say which places have a figure that the map cannot show."""
    if names:
        some = ", ".join(sorted(names)[:5]) + ("…" if len(names) > 5 else "")
        verb = "has" if len(names) == 1 else "have"
        st.caption(
            f"{len(names):,} with a figure {verb} no outline on this map ({some}); see the table."
        )


def sign_in() -> None:
    """All that a visitor sees before signing in."""
    st.html(css(LIGHT))
    st.title("Industrial cluster indicators", anchor=False)
    st.html('<p class="ck-lead">These pages are open after signing in.</p>')
    if st.button("Sign in", type="primary", key="sign_in"):
        try:
            st.login()
        except StreamlitAuthError as error:
            st.error("Sign-in is asked for but not set up; see docs/dashboards.md.")
            st.code(str(error), language=None)


def nothing_published(detail: str) -> None:
    """A home without a release: what to run, instead of a traceback."""
    st.html(css(LIGHT))
    st.title("No release has been published yet", anchor=False)
    st.html(
        '<p class="ck-lead">These pages show the published file, and there is none in the state '
        "directory of this server. To make one from the built-in synthetic figures:</p>"
    )
    st.code("make refresh", language="bash")
    st.html('<p class="ck-lead">From official sources:</p>')
    st.code("clusterkpi refresh --profile live", language="bash")
    st.caption(f"Details: {detail}")
    st.button("Look again")


def unreadable(detail: str) -> None:
    """A release that these dashboards cannot read: which, and what to do."""
    st.error(
        "This release cannot be read by this version of the dashboards. Run `clusterkpi doctor` "
        "and `clusterkpi releases`; `clusterkpi rollback` puts the previous release in service."
    )
    st.code(detail, language=None)
