"""What changed between two releases, as text and tables. Pure functions, no Streamlit.

Belongs here: rows of `data.history` and `data.revisions` → words and HTML. Does not belong here:
queries; the figures of one cell over time (`dashboards.views.passport`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from dashboards import links, tables, words

COUNTS = {
    "added": "New",
    "changed": "Other value",
    "status": "Other mark",
    "terms": "Other terms",
    "dropped": "Gone",
}
REASONS = {
    "data": "the source",
    "parser": "the same bytes, read anew",
    "correction": "a correction",
    "definition": "a list or definition",
    "method": "the method",
    "rollback": "taken back",
    "unexplained": "not explained",
}


def before(history: pl.DataFrame) -> dict[str, Any] | None:
    """The release that was in service before this one; None: there was none."""
    rows = history.to_dicts()
    return rows[1] if len(rows) > 1 else None


def earlier(history: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """seq → event, for every earlier state that the log of the file can tell of, newest first.

    The state before the newest event is always told: its changes are in every file.
    """
    rows = history.to_dicts()
    return {row["seq"]: row for n, row in enumerate(rows) if n == 1 or (n > 1 and row["is_told"])}


def name(event: Mapping[str, Any]) -> str:
    """A release, from when it was in service."""
    back = ", taken back to" if event["event"] == "rollback" else ""
    return f"{event['release_id']}{back} (in service from {words.moment(event['served_from'])})"


def sentence(changes: pl.DataFrame, since: Mapping[str, Any]) -> str:
    """`Since release X of 3 Nov 2026: 1,200 new cells, 34 with another value, …`."""
    parts = {
        "added": "new",
        "changed": "with another value",
        "status": "with another mark only",
        "terms": "with other terms only",
        "dropped": "gone",
    }
    counts = {column: int(changes[column].sum()) for column in parts}
    told = [f"{n:,} {parts[column]}" for column, n in counts.items() if n]
    start = f"Since release {since['release_id']} of {words.day(since['served_from'])}"
    if not told:
        return f"{start} no cell has changed."
    number = changes["indicator_id"].n_unique()
    return f"{start}: {', '.join(told)}; {words.plural(number, 'indicator')} concerned."


def by_indicator(changes: pl.DataFrame) -> pl.DataFrame:
    """Reasons put together: one row an indicator, the one with most changes first."""
    return (
        changes.group_by("indicator_id", "indicator_name", maintain_order=True)
        .agg(
            pl.col(list(COUNTS)).sum(),
            pl.col("largest_share").max(),
            pl.col("reason").drop_nulls().unique(maintain_order=True).str.join("+"),
        )
        .sort(pl.sum_horizontal(list(COUNTS)), descending=True, maintain_order=True)
    )


def reason(text: str | None) -> str:
    """`the source and a correction`; whatever is not known stays as it is."""
    known = dict.fromkeys((text or "").split("+"))
    return " and ".join(REASONS.get(part, part) for part in known if part)


def table(changes: pl.DataFrame, *, limit: int | None = None, by_reason: bool = False) -> str:
    """Indicators with the number of their cells that changed, and why."""
    rows = changes if limit is None else changes.head(limit)
    shown = rows.select(
        "indicator_name",
        *(
            words.written(rows, column, lambda n: f"{n:,}" if n else "–", column)
            for column in COUNTS
        ),
        words.written(rows, "largest_share", words.share, "largest"),
        words.written(rows, ["reason"], reason, "reason"),
    )
    headings = {"indicator_name": "Indicator", **COUNTS, "largest": "Largest move"}
    headings["reason"] = "Because of" if by_reason else "Because of, in all"
    html = tables.plain(shown, headings, [*COUNTS, "largest"])
    rest = changes.height - rows.height
    return html + (f'<p class="ck-where">and {rest} more</p>' if rest else "")


def largest_table(rows: Sequence[tuple[str, str, str, str, str, str]]) -> str:
    """Cells one by one: (which, old value, new value, move, reason, address of its passport)."""
    body = "".join(
        f'<tr><td>{links.number(which, address)}</td><td class="ck-num">{escape(old)}</td>'
        f'<td class="ck-num">{escape(new)}</td><td class="ck-num">{escape(move)}</td>'
        f"<td>{escape(reason(why))}</td></tr>"
        for which, old, new, move, why, address in rows
    )
    return (
        '<div class="ck-scroll" tabindex="0"><table class="ck-table"><thead><tr>'
        '<th scope="col">Number</th><th scope="col" class="ck-num">Before</th>'
        '<th scope="col" class="ck-num">Now</th><th scope="col" class="ck-num">Moved</th>'
        f'<th scope="col">Because of</th></tr></thead><tbody>{body}</tbody></table></div>'
    )
