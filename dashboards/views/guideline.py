"""One guideline: the sentence it is about, and its indicators, one at a time."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data, page, tables
from dashboards.data import Release
from dashboards.views import indicator

STRUCTURE_LEAD = (
    "In which clusters an economy is stronger than the world’s average. All guidelines rest on "
    "this: without specialisation there is no cluster to measure."
)


def render(release: Release, guideline_id: str) -> None:
    """Draw the page of the guideline `guideline_id`."""
    guide = data.guidelines(release).filter(pl.col("guideline_id") == guideline_id)
    indicators = data.indicators(release).filter(pl.col("guideline_id") == guideline_id)
    if guide.is_empty() or indicators.is_empty():
        page.begin(release, "Guideline")
        st.info(f"This release has no indicator for the guideline {guideline_id!r}.")
        return
    row = guide.row(0, named=True)
    page.begin(release, f"Guideline {row['guideline_no']}: {row['title']}")
    cite = "Guidelines on industrial clustering for SMEs, APEC 2005"
    st.html(f'<div class="ck-quote">“{tables.escape(row["sentence"])}”<cite>{cite}</cite></div>')
    indicator.show(release, guideline_id, indicators)


def render_structure(release: Release) -> None:
    """Draw the page of the indicators of structure that economies have."""
    page.begin(release, "Specialisation of economies", STRUCTURE_LEAD)
    indicators = economy_structure(release)
    if indicators.is_empty():
        st.info("This release holds no indicator of the structure of economies.")
        return
    indicator.show(release, "structure", indicators)


def economy_structure(release: Release) -> pl.DataFrame:
    """Indicators of structure, not of one guideline, that have cells for economies."""
    found = data.indicators(release).filter(pl.col("guideline_id") == "structure")
    ids = [
        indicator_id
        for indicator_id in found["indicator_id"]
        if "economy" in data.bases(release, indicator_id)["geo_type"]
    ]
    return found.filter(pl.col("indicator_id").is_in(ids))
