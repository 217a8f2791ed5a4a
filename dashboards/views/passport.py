"""The passport of a number: what it says, how it is made, from which bytes of which publisher.

The address names the cell (`indicator`, `basis`, `cluster`, `geo`, `period`), so that every chart
and table can link to it. A cell that is not there is said, and never replaced by another one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboards import data, page, tables, words
from dashboards.data import Cell, Release, Slice

LEAD = (
    "Any number of the release, down to the bytes that a publisher sent: its formula and terms, "
    "the versions of the sources, the checks in between, and what was said before."
)
NAMES = ("indicator", "basis", "cluster", "geo", "period")
KIND = "passport_kind"
FOLLOW = "passport_follows"  # the reader chose here: what stands further down may follow
CHANGES = {
    "first told": "as far back as this file tells",
    "added": "new",
    "dropped": "taken out",
    "changed": "another value",
    "status": "the same value, another mark",
    "terms": "the same value, other terms",
    "rounding": "the last digits only",
}
MANY = 6  # more versions scroll in a box of their own


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Passport of a number", LEAD)
    if not data.has_passports(release):
        st.info("This release was published by a version without passports.")
        return
    cell = _choose(release)
    found = data.passport(release, cell) if isinstance(cell, Cell) else None
    if found is None or not isinstance(cell, Cell):
        st.info(cell if isinstance(cell, str) else "There is no such cell.", icon=":material/info:")
        page.end(release, data.snapshots(release))
        return
    parts = data.passport_snapshots(release, found["source_ids"])
    page.strip(release, parts)
    _number(found)
    _formula(found)
    terms = data.passport_terms(release, cell)
    _terms(terms, parts)
    _versions(parts)
    checks = data.passport_checks(release, cell)
    _checks(checks)
    corrections = data.passport_corrections(release, cell, found["source_ids"])
    _corrections(corrections)
    vintages = data.vintages(release, cell)
    _revisions(vintages)
    _take_away(release, cell, found, terms, parts, checks, corrections, vintages)
    page.end(release, parts)


# ---------------------------------------------------------------- which number


def _choose(release: Release) -> Cell | str:
    """The cell of the address, or why there is none."""
    if st.session_state.pop(FOLLOW, None):
        for name in NAMES:
            chosen = st.session_state.get(f"passport_{name}")
            if chosen is not None:
                st.query_params[name] = chosen
        follows = True
    else:
        follows = not any(name in st.query_params for name in NAMES)
    boxes = st.columns([3, 3, 2])
    indicators = data.indicators(release)
    with boxes[0]:
        names = dict(indicators.select("indicator_id", "indicator_name").rows())
        indicator_id = _pick("Indicator", "indicator", names, _usual(indicators), follows)
    if indicator_id is None:
        return _no("indicator")
    available = data.bases(release, indicator_id)
    if available.is_empty():
        return f"No cell of “{names[indicator_id]}” is in this release."
    with boxes[1]:
        bases = dict(available.select("basis", "basis_name").rows())
        basis = _pick("Basis", "basis", bases, _basis_of(release, available), follows)
    if basis is None:
        return _no("basis")
    with boxes[2]:
        geo_type = _kind(release, available.filter(pl.col("basis") == basis)["geo_type"].to_list())
    boxes = st.columns([3, 3, 2])
    clusters = data.clusters_with_cells(release, indicator_id, basis)
    with boxes[0]:
        names = dict(clusters.select("cluster_id", "cluster_name").rows())
        most = clusters.sort("present", descending=True, maintain_order=True)["cluster_id"][0]
        cluster_id = _pick("Cluster", "cluster", names, most, follows)
    if cluster_id is None:
        return _no("cluster")
    places = data.places(release, indicator_id, basis, geo_type)
    with boxes[1]:
        names = {row["geo_id"]: _place(row, geo_type) for row in places.to_dicts()}
        most = places.sort("present", descending=True, maintain_order=True)["geo_id"][0]
        geo_id = _pick("Place", "geo", names, most, follows)
    if geo_id is None:
        return _no("geo")
    part = Slice(indicator_id, basis, cluster_id)
    periods = data.cell_periods(release, part, geo_id)
    if periods.is_empty():
        return f"There is no cell of this cluster for {names[geo_id]} in this release."
    with boxes[2]:
        filled = periods.filter("has_value")["period"].to_list()
        newest_first = periods["period"].to_list()
        usual = filled[0] if filled else newest_first[0]
        period = _pick("Period", "period", {p: p for p in newest_first}, usual, follows)
    if period is None:
        return _no("period")
    return Cell(indicator_id, geo_id, period, basis, cluster_id)


def _pick(
    label: str, name: str, options: Mapping[str, str], usual: str, follows: bool
) -> str | None:
    """A box over one part of the key; empty where the address names something that is not there.

    Args:
        label: of the box.
        name: of the part, in the address.
        options: id → what a reader sees.
        usual: id for an address that does not name this part.
        follows: put `usual` in the place of an id that is not there: it belonged to what stood
            further up before the reader changed that.
    """
    asked = st.query_params.get(name)
    if asked is None or (follows and asked not in options):
        asked = usual
    chosen = asked if asked in options else None
    st.session_state[f"passport_{name}"] = chosen
    if chosen is not None and st.query_params.get(name) != chosen:
        st.query_params[name] = chosen
    st.selectbox(
        label,
        list(options),
        format_func=lambda option: options.get(option, option),
        key=f"passport_{name}",
        on_change=_follow,
        placeholder="Choose",
    )
    return chosen


def _follow() -> None:
    st.session_state[FOLLOW] = True


def _kind(release: Release, kinds: Sequence[str]) -> str:
    """The kind of place: that of the address, unless the reader has chosen another one."""
    asked = data.geo_type(release, st.query_params.get("geo", ""))
    chosen = st.session_state.get(KIND)
    if st.session_state.pop(f"{KIND}_chosen", None) and chosen in kinds:
        st.query_params.pop("geo", None)
    else:
        chosen = asked if asked in kinds else kinds[0]
    st.session_state[KIND] = chosen
    st.selectbox(
        "Kind of place",
        kinds,
        format_func=words.geo_words,
        key=KIND,
        on_change=lambda: st.session_state.update({FOLLOW: True, f"{KIND}_chosen": True}),
    )
    return chosen


def _usual(indicators: pl.DataFrame) -> str:
    """What is shown before anybody asks: the first indicator that may enter a score."""
    scored = indicators.filter(pl.col("role") == "scored")
    return str((indicators if scored.is_empty() else scored)["indicator_id"][0])


def _basis_of(release: Release, available: pl.DataFrame) -> str:
    """The first basis that has the kind of the place in the address."""
    kind = data.geo_type(release, st.query_params.get("geo", ""))
    fitting = available.filter(pl.col("geo_type") == (kind or ""))
    return str((available if fitting.is_empty() else fitting)["basis"][0])


def _place(row: Mapping[str, Any], geo_type: str) -> str:
    within = row["parent_name"] if geo_type == "county" else None
    return f"{row['geo_name']}, {within}" if within else str(row["geo_name"])


def _no(name: str) -> str:
    asked = st.query_params.get(name, "")
    return (
        f"The address asks for {name} `{_plain(asked)}`, and there is no such cell in this "
        "release. Choose one above."
    )


def _plain(text: str) -> str:
    """What an address said, fit to be shown: short, and without any meaning for Markdown."""
    kept = "".join(c for c in text if c.isalnum() or c in " _-.:@/").strip()
    return kept[:60] + ("…" if len(kept) > 60 else "") or "(empty)"


# ---------------------------------------------------------------- what is told of it


def _number(cell: Mapping[str, Any]) -> None:
    digits = words.decimals([cell["value"], cell["value_lower"], cell["value_upper"]])
    about = [cell["indicator_name"], cell["geo_name"] or cell["geo_id"]]
    if cell["cluster_id"] != "all":
        about.append(cell["cluster_name"] or cell["cluster_id"])
    st.header(f"{', '.join(about)}, {cell['period']}", anchor=False)
    between = words.interval(cell["value_lower"], cell["value_upper"], digits)
    unit = f"<small>{tables.escape(cell['unit'] or '')}</small>"
    if cell["value"] is not None:
        big = f"{tables.escape(words.number(cell['value'], digits))} {unit}"
    elif between:
        big = f"{tables.escape(between)} {unit}"
    else:
        big = "no figure"
    status = tables.status(cell["obs_status"], cell["obs_status_label"] or "")
    st.html(
        f'<div class="ck-number"><b>{big}</b><p>{status}. '
        f"{tables.escape(cell['obs_status_description'] or '')}.</p></div>"
    )
    facts = {
        "To the last digit": words.exact(cell["value"]),
        "At least": words.exact(cell["value_lower"]),
        "At most": words.exact(cell["value_upper"]),
        "Observations behind it": words.exact(cell["n_obs"]),
        "Basis": f"{cell['basis_name']} ({cell['basis']})",
        "Method version": str(cell["method_version"]),
    }
    st.html(tables.facts({name: text for name, text in facts.items() if text}))
    if cell["basis_description"]:
        st.html(f'<p class="ck-lead">{tables.escape(cell["basis_description"])}</p>')


def _formula(cell: Mapping[str, Any]) -> None:
    st.subheader("How it is made", anchor=False)
    texts = {
        "Formula": cell["formula"],
        "Reading": cell["interpretation"],
        "Caveat": cell["caveat"],
        "Reference": cell["reference"],
        "SQL model": cell["sql_model"],
        "Raw tables": ", ".join(cell["raw_tables"] or []),
    }
    st.html(tables.definitions({name: text for name, text in texts.items() if text}))


def _terms(terms: pl.DataFrame, parts: pl.DataFrame) -> None:
    st.subheader("Its terms", anchor=False)
    if terms.is_empty():
        st.caption("The cell has no terms: no figure was computed.")
        return
    numbers = {sid: n for n, sid in enumerate(parts["snapshot_id"], start=1)}
    rows = [
        {
            "term": row["term_name"],
            "value": words.exact(row["value"]) or "–",
            "unit": row["unit"] or "",
            "from": _comes_from(row, numbers),
        }
        for row in terms.to_dicts()
    ]
    headings = {"term": "Term", "value": "Value", "unit": "Unit", "from": "Comes from"}
    st.html(tables.plain(pl.DataFrame(rows), headings, numeric=["value"]))


def _comes_from(term: Mapping[str, Any], numbers: Mapping[str, int]) -> str:
    if term["made_of"]:
        return "made of " + ", ".join(name.replace("_", " ") for name in term["made_of"])
    found = sorted(numbers[sid] for sid in term["snapshot_ids"] if sid in numbers)
    text = "version " + _runs(found) if found else "the definition of the indicator"
    if len(found) > 1:
        text = text.replace("version", "versions", 1)
    if term["link"] != "stated" and found:
        text += " (all of the cell)"
    if term["summed_over"]:
        text += "; summed over " + " and ".join(
            words.AXES.get(axis, axis) for axis in term["summed_over"]
        )
    return text


def _runs(numbers: Sequence[int]) -> str:
    """`1–3, 5`."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(words.span(str(run[0]), str(run[-1])) for run in runs)


def _versions(parts: pl.DataFrame) -> None:
    st.subheader("The versions of the sources that it was read from", anchor=False)
    if parts.is_empty():
        st.caption("No source stands behind this cell: its mark says why.")
        return
    entries = [
        (
            f"{n}. {row['source_name']}, {row['part']}",
            {
                "Publisher’s version": row["source_version"] or words.NOT_STATED,
                "Retrieved": words.moment(row["retrieved_at"]),
                "Last checked": words.moment(row["last_checked_at"], "never"),
                "Changed at source": words.moment(row["source_changed_at"]),
                "Reference period": words.span(
                    row["reference_period_first"], row["reference_period_last"]
                ),
                "Address": row["url"] or "none: a file of the user’s own",
                "sha256 of the bytes": ", ".join(row["entity_sha256"] or []) or "–",
                "sha256 of the rows": row["canonical_sha256"] or "–",
                "Rows": f"{words.exact(row['rows_promoted'])} in service, "
                f"{words.exact(row['rows_quarantined'])} held back",
                "Licence": row["licence_title"] or "not stated",
                "To be cited as": row["attribution"] or "–",
                "Version id": row["snapshot_id"],
            },
        )
        for n, row in enumerate(parts.to_dicts(), start=1)
    ]
    html = tables.cards(entries)
    many = parts.height > MANY
    st.html(f'<div class="ck-long" tabindex="0">{html}</div>' if many else html)


def _checks(checks: pl.DataFrame) -> None:
    st.subheader("The checks between it and the raw rows", anchor=False)
    failed = checks.filter(~pl.col("passed"))
    grave = failed.filter(pl.col("severity") == "critical").height
    st.html(
        tables.facts(
            {
                "Passed": words.exact(checks.height - failed.height),
                "Warnings": words.exact(failed.height - grave),
                "Failed": words.exact(grave),
            }
        )
    )
    headings = {
        "severity": "Severity",
        "subject": "Subject",
        "check_name": "Rule",
        "observed": "Found",
        "expected": "Expected",
    }
    if failed.height:
        st.html(tables.plain(failed, headings))
    with st.expander(f"All {checks.height} checks"):
        told = checks.with_columns(
            pl.when("passed").then(pl.lit("passed")).otherwise("severity").alias("severity")
        )
        st.html(tables.plain(told, {**headings, "severity": "Outcome"}))


def _corrections(corrections: pl.DataFrame) -> None:
    st.subheader("Corrections", anchor=False)
    if corrections.is_empty():
        st.caption("No correction of a publisher’s error went into it.")
        return
    headings = {
        "correction_id": "Correction",
        "row_key": "Row",
        "column_name": "Column",
        "wrong_value": "Published",
        "right_value": "Used",
        "reason": "Reason",
        "reference": "Reference",
    }
    st.html(tables.plain(corrections, headings, numeric=["wrong_value", "right_value"]))


def _revisions(vintages: pl.DataFrame) -> None:
    st.subheader("What was said before", anchor=False)
    rows = [
        {
            "from": words.moment(row["served_from"]),
            "release": row["release_id"],
            "value": words.exact(row["value"]) or "–",
            "mark": row["obs_status"] or words.NO_CELL,
            "change": CHANGES.get(row["change"], row["change"]),
            "reason": row["reason"] or "",
        }
        for row in vintages.to_dicts()
    ]
    headings = {
        "from": "Served from",
        "release": "Release",
        "value": "Value",
        "mark": "Mark",
        "change": "What changed",
        "reason": "Because of",
    }
    if vintages.height < 2:
        st.caption("It has not been revised since this file’s log begins.")
    if rows:
        st.html(tables.plain(pl.DataFrame(rows), headings, numeric=["value"]))


def _take_away(
    release: Release,
    cell: Cell,
    found: Mapping[str, Any],
    terms: pl.DataFrame,
    parts: pl.DataFrame,
    checks: pl.DataFrame,
    corrections: pl.DataFrame,
    vintages: pl.DataFrame,
) -> None:
    st.subheader("Take it away, or make it again", anchor=False)
    st.caption(
        "The address of this page keeps the number; share it. The first line makes the cell again "
        "from the landed bytes and compares every digit; the second asks the published file."
    )
    st.code(_command(cell), language="bash")
    st.code(_sql(cell), language="sql")
    name = "_".join(("passport", *cell.key))
    whole = {
        "release_id": release.release_id,
        "notice": release.notice,
        "is_synthetic": release.is_synthetic,
        "cell": found,
        "terms": terms.to_dicts(),
        "snapshots": parts.to_dicts(),
        "checks": checks.to_dicts(),
        "corrections": corrections.to_dicts(),
        "revisions": vintages.to_dicts(),
    }
    flat = terms.select("term", "term_name", "value", "unit").with_columns(
        pl.lit(text).alias(column)
        for column, text in zip(
            ("indicator_id", "geo_id", "period", "cluster_id", "basis"), cell.key, strict=True
        )
    )
    with st.container(horizontal=True):
        st.download_button(
            "Download this passport (JSON)",
            partial(json.dumps, whole, default=str, ensure_ascii=False, indent=1),
            f"{'SYNTHETIC_' if release.is_synthetic else ''}{name}.json",
            "application/json",
            key="passport_json",
            on_click="ignore",
        )
        page.download(release, flat, f"{name}_terms", parts, key="passport_csv")


def _command(cell: Cell) -> str:
    """The command that makes the cell again; ids of a published cell hold no blank or quote."""
    cluster = "" if cell.cluster_id == "all" else f" --cluster {cell.cluster_id}"
    return (
        f"clusterkpi explain {cell.indicator_id} --geo {cell.geo_id} --period {cell.period}"
        f"{cluster} --basis {cell.basis} --verify"
    )


def _sql(cell: Cell) -> str:
    quoted = ["'" + part.replace("'", "''") + "'" for part in cell.key]
    return (
        f"from marts.passport({', '.join(quoted[:3])}, cluster := {quoted[3]}, "
        f"basis := {quoted[4]})"
    )
