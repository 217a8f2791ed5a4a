"""Workbench: a visitor's own SQL on the release, with the tables and examples beside it."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import polars as pl
import streamlit as st

from dashboards import data, page, sandbox, tables, words
from dashboards.data import Release
from pipelines.settings import Settings

LEAD = (
    "Ask the release itself. A query runs read-only in a process of its own, and can reach nothing "
    "but this file. The same file opens in DuckDB, Python, R and BI tools."
)
EXAMPLES = {
    "Newest figure of each economy": """\
select g.geo_name, f.period, f.value, f.obs_status
from marts.fct_indicator_value f
join marts.dim_geo g using (geo_id)
where f.indicator_id = 'broadband_adoption' and g.is_apec and f.value is not null
qualify row_number() over (partition by f.geo_id order by f.period desc) = 1
order by f.value desc""",
    "What a value was made of": """\
select geo_id, period, basis, value, components, source_ids
from marts.fct_indicator_value
where indicator_id = 'indigenous_patent_share' and value is not null
limit 20""",
    "Why cells are blank": """\
select f.indicator_id, s.label, count(*) as cells
from marts.fct_indicator_value f join reference.obs_status s using (obs_status)
where f.value is null
group by all order by cells desc""",
    "Withheld cells and their bounds": """\
select g.geo_name, c.cluster_name, f.period, f.value_lower, f.value_upper
from marts.fct_indicator_value f
join marts.dim_geo g using (geo_id) join marts.dim_cluster c using (cluster_id)
where f.indicator_id = 'location_quotient' and f.obs_status = 'C' and f.value_upper is not null
order by f.value_upper - f.value_lower desc limit 50""",
    "Versions behind the release": """\
select source_name, part, source_version, retrieved_at, source_changed_at, rows_promoted
from meta.source_snapshot order by retrieved_at desc""",
    "Checks that did not pass": """\
select severity, owner, subject, check_name, observed, expected
from meta.check_result where not passed order by severity""",
}


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Workbench", LEAD)
    settings = data.settings()
    if not settings.workbench:
        st.info("The workbench is turned off on this server.")
        return
    parts = data.snapshots(release)
    page.strip(release, parts)
    left, right = st.columns([2, 1], gap="large")
    with right:
        _tables(release)
    with left:
        sql = _editor()
        _result(release, sql, settings)
    page.end(release, parts)


def _editor() -> str:
    chosen = st.selectbox("Example", list(EXAMPLES), key="workbench_example", bind="query-params")
    # the text belongs to its example: another one brings another text, what is written stays
    with st.form("workbench", border=False):
        sql = st.text_area(
            "SQL", EXAMPLES[chosen], height=240, max_chars=sandbox.MAX_SQL, key=f"sql {chosen}"
        )
        asked = st.form_submit_button("Run", type="primary")
    if asked:
        st.session_state["workbench_asked"] = sql
    return st.session_state.get("workbench_asked", "")


def _result(release: Release, sql: str, settings: Settings) -> None:
    if not sql:
        st.caption("Press Run. The result appears here and can be taken away as CSV or Parquet.")
        return
    answer = _ask(str(release.path), sql, settings)
    if answer.frame is None:
        st.error(answer.problem)
        return
    rows = words.plural(answer.frame.height, "row")
    cut = f"; the first {settings.workbench_rows:,} are shown" if answer.is_cut else ""
    st.caption(f"{rows}{cut}, {answer.seconds:.2f} s.")
    st.dataframe(answer.frame, hide_index=True)
    parts = data.snapshots(release)
    page.download(release, flat(answer.frame), "query", parts, key="workbench_csv")
    st.download_button(
        "Download these figures (Parquet)",
        parquet(release, answer.frame),
        f"{'SYNTHETIC_' if release.is_synthetic else ''}query.parquet",
        "application/vnd.apache.parquet",
        key="workbench_parquet",
        on_click="ignore",
    )


@st.cache_resource(show_spinner=False)
def _places(queries: int) -> threading.BoundedSemaphore:
    """So many queries at a time for the whole server."""
    return threading.BoundedSemaphore(queries)


@st.cache_data(max_entries=50, ttl="10m", show_spinner="Asking …")
def _ask(path: str, sql: str, settings: Settings) -> sandbox.Answer:
    place = _places(settings.workbench_queries)
    if not place.acquire(timeout=settings.workbench_seconds):
        return sandbox.Answer(None, "The workbench is busy; try again in a moment.", False, 0.0)
    try:
        limits = sandbox.Limits(
            settings.workbench_seconds, settings.workbench_memory_mb, settings.workbench_rows
        )
        return sandbox.ask(Path(path), sql, limits)
    finally:
        place.release()


def _tables(release: Release) -> None:
    st.subheader("Tables", anchor=False)
    columns = data.columns(release)
    for (schema, table), rows in columns.group_by(
        "table_schema", "table_name", maintain_order=True
    ):
        with st.expander(f"{schema}.{table}"):
            about = rows["table_comment"][0]
            if about:
                st.caption(about)
            headings = {"column_name": "Column", "data_type": "Type", "comment": "What it is"}
            st.html(tables.plain(rows, headings))


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and maps as JSON text: CSV has no other way to hold them."""
    nested = [name for name, kind in frame.schema.items() if kind.is_nested()]
    return frame.with_columns(
        pl.Series(name, [json.dumps(value, default=str) for value in frame[name].to_list()])
        for name in nested
    )


def parquet(release: Release, frame: pl.DataFrame) -> bytes:
    """The frame, with release and notice in the file's own metadata."""
    sink = io.BytesIO()
    frame.write_parquet(
        sink,
        metadata={
            "release_id": release.release_id,
            "notice": release.notice or (page.DEMO_TITLE if release.is_synthetic else ""),
        },
    )
    return sink.getvalue()
