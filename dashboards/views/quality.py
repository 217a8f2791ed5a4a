"""Quality: the checks that this release passed, rows held back, and the versions it was made of."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboards import data, links, page, revisions, tables, words
from dashboards.data import Release
from pipelines import warehouse

LEAD = (
    "A release is only published when every critical check passes. Rows that break the contract "
    "of their table are held back, counted here, and kept with the reason."
)
LARGEST = 15  # revisions that are listed one by one
OWNERS = {
    "completeness": "Delivery is complete",
    "contract": "Rows keep the table contract",
    "dbt": "Rules on the models",
    "gx": "Plausibility and release gate",
}


def render(release: Release) -> None:
    """Draw the page."""
    page.begin(release, "Quality and provenance", LEAD)
    parts = data.snapshots(release)
    checks = data.checks(release)
    page.strip(release, parts)
    landed, kept, held = (
        int(parts[name].sum()) for name in ("rows_landed", "rows_promoted", "rows_quarantined")
    )
    failed = checks.filter(~pl.col("passed"))
    st.html(
        tables.tiles(
            {
                "Checks passed": (
                    f"{checks.height - failed.height:,} of {checks.height:,}",
                    words.plural(failed.height, "warning") if failed.height else "no warnings",
                ),
                "Rows landed": (f"{landed:,}", f"in {parts.height:,} parts"),
                "Rows in service": (f"{kept:,}", "after the contracts"),
                "Rows held back": (f"{held:,}", "landed = in service + held back"),
            }
        )
    )
    _checks(checks, failed)
    _quarantine(release)
    _revisions(release, parts)
    _reliability(release)
    _versions(release, parts)
    _releases(release)
    page.end(release, parts)


def _checks(checks: pl.DataFrame, failed: pl.DataFrame) -> None:
    st.subheader("Checks", anchor=False)
    summary = (
        checks.group_by("owner")
        .agg(pl.len().alias("total"), pl.col("passed").sum().alias("passed"))
        .sort("owner")
        .with_columns(pl.col("owner").replace(OWNERS).alias("kind"))
        .with_columns((pl.col("total") - pl.col("passed")).alias("failed"))
    )
    headings = {"kind": "Kind", "total": "Checks", "passed": "Passed", "failed": "Not passed"}
    st.html(tables.plain(summary, headings, numeric=["total", "passed", "failed"]))
    if failed.is_empty():
        st.caption("Every check passed.")
        return
    st.caption("Not passed. A warning is shown and does not block a release.")
    columns = {
        "severity": "Severity",
        "subject": "Subject",
        "check_name": "Rule",
        "observed": "Found",
        "expected": "Expected",
    }
    st.html(tables.plain(failed, columns))


def _quarantine(release: Release) -> None:
    st.subheader("Rows held back", anchor=False)
    held = data.quarantine(release)
    if held.is_empty():
        st.caption("No row of this release’s sources broke its contract.")
        return
    columns = {
        "snapshot_id": "Snapshot",
        "rule": "Rule",
        "column_name": "Column",
        "rows_count": "Rows",
        "reason": "Reason of the first such row",
    }
    st.html(tables.plain(held, columns, numeric=["rows_count"]))


def _revisions(release: Release, parts: pl.DataFrame) -> None:
    st.subheader("What changed since a release", anchor=False)
    history = data.history(release)
    earlier = revisions.earlier(history)
    if not earlier:
        st.caption("This file’s log begins with this release: there is none to compare it with.")
        return
    chosen = st.selectbox(
        "Since",
        list(earlier),
        format_func=lambda seq: revisions.name(earlier[seq]),
        key="quality_since",
        bind="query-params",
    )
    changes = data.revisions(release, chosen)
    st.html(f'<p class="ck-lead">{tables.escape(revisions.sentence(changes, earlier[chosen]))}</p>')
    if changes.is_empty():
        return
    st.html(revisions.table(changes, by_reason=True))
    largest = data.largest_revisions(release, chosen, LARGEST)
    if largest.height:
        st.caption(f"The {largest.height} values that moved most, as a share of what they were.")
        st.html(_largest(largest))
    page.download(release, changes, "revisions", parts, key="quality_revisions_csv")


def _largest(frame: pl.DataFrame) -> str:
    rows = [
        (
            ", ".join(
                filter(
                    None,
                    (
                        row["indicator_name"],
                        row["geo_name"],
                        row["cluster_name"] if row["cluster_id"] != "all" else "",
                        row["period"],
                    ),
                )
            ),
            words.exact(row["old_value"]),
            words.exact(row["new_value"]),
            words.share(row["moved_share"]),
            row["reason"] or "",
            links.passport(
                row["indicator_id"],
                row["geo_id"],
                row["period"],
                row["basis"],
                row["cluster_id"],
            ),
        )
        for row in frame.to_dicts()
    ]
    return revisions.largest_table(rows)


def _reliability(release: Release) -> None:
    st.subheader("How reliable are first figures?", anchor=False)
    frame = data.revision_quality(release)
    if frame.is_empty():
        st.caption("No publisher has revised a figure since this file’s log begins.")
        return
    shown = frame.select(
        "indicator_name",
        "basis",
        "source_id",
        words.written(frame, "cells_count", "{:,}".format, "cells_count"),
        words.written(frame, "revised_count", "{:,}".format, "revised_count"),
        *(
            words.written(frame, name, words.share, name)
            for name in ("mean_abs_revision_share", "upward_share")
        ),
    )
    headings = {
        "indicator_name": "Indicator",
        "basis": "Basis",
        "source_id": "Source",
        "cells_count": "Cells",
        "revised_count": "Revised",
        "mean_abs_revision_share": "Mean size of a revision",
        "upward_share": "Upwards",
    }
    numeric = [name for name in headings if name not in ("indicator_name", "basis", "source_id")]
    st.caption(
        "Revisions by publishers: latest against first published figure, over all cells. Those of "
        "methods and definitions are not counted here."
    )
    st.html(tables.plain(shown, headings, numeric))


def _versions(release: Release, parts: pl.DataFrame) -> None:
    st.subheader("Versions of the sources", anchor=False)
    shown = parts.select(
        pl.col("source_id").alias("Source"),
        pl.col("part").alias("Part"),
        pl.col("source_version").alias("Publisher’s version"),
        pl.col("last_checked_at").alias("Last checked"),
        pl.col("last_step").alias("Outcome"),
        pl.col("source_changed_at").alias("Last changed at source"),
        pl.col("reference_period_first").alias("From"),
        pl.col("reference_period_last").alias("To"),
        pl.col("rows_promoted").alias("Rows"),
        pl.col("rows_quarantined").alias("Held back"),
        pl.col("url").alias("Address"),
    )
    clock = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm")
    st.dataframe(
        shown,
        hide_index=True,
        column_config={"Last checked": clock, "Last changed at source": clock},
    )
    page.download(release, parts, "source_versions", parts, key="quality_csv")


def _releases(release: Release) -> None:
    st.subheader("Releases", anchor=False)
    rows = [
        {
            "id": entry.release_id + (" (shown)" if entry.release_id == release.release_id else ""),
            "profile": entry.profile,
            "cells": words.number(entry.cells, 0),
            "added": words.number(entry.added, 0),
            "changed": words.number(entry.changed, 0),
            "dropped": words.number(entry.dropped, 0),
        }
        for entry in reversed(warehouse.releases(release.home)[-20:])
    ]
    headings = {
        "id": "Release",
        "profile": "Profile",
        "cells": "Cells",
        "added": "Added",
        "changed": "Changed",
        "dropped": "Dropped",
    }
    frame = pl.DataFrame(rows, schema=list(headings))
    st.html(tables.plain(frame, headings, numeric=["cells", "added", "changed", "dropped"]))
