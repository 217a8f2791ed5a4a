"""Methodology: what every indicator is, generated from the dictionary in the release."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboards import data, page, tables
from dashboards.data import Release

LEAD = (
    "What is measured, how, on which definitions, and where it misleads. This page is written by "
    "the release: it is the dictionary that the figures were published with."
)
ROLES = {
    "scored": "may enter a score",
    "context": "context: shown, never scored",
    "test": "evidence on a claim of the guidelines",
}


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Methodology", LEAD)
    parts = data.snapshots(release)
    page.strip(release, parts)
    indicators = data.indicators(release)
    definitions = data.definitions(release)
    text = st.text_input("Find", key="find", bind="query-params", placeholder="a word or an id")
    shown = _matching(indicators, text)
    st.caption(f"{shown.height} of {indicators.height} indicators.")
    sections = [
        (f"Guideline {row['guideline_no']}: {row['title']}", row["guideline_id"], row["sentence"])
        for row in data.guidelines(release).to_dicts()
    ]
    sections.append(("Structure of clusters", "structure", ""))
    for title, guideline_id, sentence in sections:
        rows = shown.filter(pl.col("guideline_id") == guideline_id)
        if rows.is_empty():
            continue
        st.header(title, anchor=False)
        if sentence:
            st.html(f'<div class="ck-quote">“{tables.escape(sentence)}”</div>')
        for row in rows.to_dicts():
            _one(row, definitions.filter(pl.col("indicator_id") == row["indicator_id"]))
    st.header("Marks", anchor=False)
    page.legend(release, data.statuses(release)["obs_status"].to_list())
    page.download(release, indicators, "dim_indicator", parts, key="methodology_csv")
    page.end(release, parts)


def _one(row: dict[str, Any], bases: pl.DataFrame) -> None:
    with st.expander(f"**{row['indicator_name']}** · {row['indicator_id']}"):
        facts = {
            "What it is": row["description"],
            "Formula": row["formula"],
            "Reading": row["interpretation"],
            "Caveat": row["caveat"],
            "Direction": page.DIRECTIONS.get(row["direction"], row["direction"]),
            "Role": ROLES.get(row["role"], row["role"]),
            "Sources": row["source_ids_text"],
            "Reference": row["reference"],
            "Model": f"{row['sql_model']}, version {row['method_version']}",
        }
        st.html(tables.definitions({name: text for name, text in facts.items() if text}))
        headings = {"basis_name": "Basis", "unit": "Unit", "description": "Definition"}
        st.html(tables.plain(bases, headings))


def _matching(indicators: pl.DataFrame, text: str) -> pl.DataFrame:
    """Indicators that have the words somewhere in their texts."""
    if not text.strip():
        return indicators
    everything = pl.concat_str(pl.col(pl.String).fill_null(""), separator=" ").str.to_lowercase()
    wanted = [everything.str.contains(word, literal=True) for word in text.lower().split()]
    return indicators.filter(pl.all_horizontal(wanted))
