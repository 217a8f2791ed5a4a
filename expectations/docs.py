"""The page that shows the results of a night: one HTML file that works offline.

Belongs here: turning check results into static HTML, by hand, with everything escaped. Does not
belong here: running checks (`expectations.runner`), deciding what they mean for publishing.

The page is our own because the engine's Data Docs load their style and a picture from elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from expectations.docs_style import STYLE
from expectations.model import CheckResult
from pipelines.storage import write_atomic

_OWNERS = {
    "completeness": "Completeness of what was fetched",
    "contract": "Row contracts",
    "dbt": "Build tests (dbt)",
    "gx": "Plausibility and comparison (Great Expectations)",
}
_SYNTHETIC = "Synthetic demo figures: they describe nothing real. Do not quote."
_VERDICTS = {
    "critical": ("held", "Held back: a critical check failed; the last release stays in service."),
    "warning": ("warned", "Cleared for publishing, with warnings."),
    "": ("clear", "Cleared for publishing: every check passed."),
}


def render(results: Sequence[CheckResult], release_meta: Mapping[str, Any], out_dir: Path) -> Path:
    """Write `index.html` into `out_dir`.

    Args:
        results: every check of the night, of all owners.
        release_meta: the row of `meta.release`, with the rows of `meta.quarantine_summary` under
            `quarantine`.
        out_dir: folder; made if absent.

    Returns:
        The page.
    """
    failed = [result for result in results if not result.passed]
    critical = [result for result in failed if result.severity == "critical"]
    warnings = [result for result in failed if result.severity != "critical"]
    worst = "critical" if critical else "warning" if warnings else ""
    title = f"Quality report of release {release_meta['release_id']}"
    body = [
        _header(title, release_meta, worst),
        _tiles(results, critical, warnings, release_meta.get("quarantine") or ()),
        _problems("Critical failures", "critical", critical),
        _problems("Warnings", "warning", warnings),
        _quarantine(release_meta.get("quarantine") or ()),
        _all_checks(results),
        _footer(release_meta),
    ]
    page = out_dir / "index.html"
    write_atomic(page, _document(title, release_meta, "\n".join(body)).encode())
    return page


def _text(value: Any) -> str:
    return "–" if value is None else escape(str(value))


def _document(title: str, meta: Mapping[str, Any], body: str) -> str:
    synthetic = bool(meta.get("is_synthetic"))
    mark = '<div class="watermark" aria-hidden="true">SYNTHETIC DEMO</div>' if synthetic else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#results">Skip to the results</a>\n{mark}\n{body}\n'
        "</body>\n</html>\n"
    )


def _header(title: str, meta: Mapping[str, Any], worst: str) -> str:
    look, verdict = _VERDICTS[worst]
    facts = {
        "Built": meta.get("built_at"),
        "Figures": meta.get("realm"),
        "Profile": meta.get("profile"),
        "Compared with": meta.get("previous_release_id") or "no comparable release",
        "Software": f"{meta.get('software_version')} ({meta.get('git_commit')})",
    }
    listed = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts.items()
    )
    notice = meta.get("notice") or (_SYNTHETIC if meta.get("is_synthetic") else "")
    banner = ""
    if notice:
        look_notice = "notice synthetic" if meta.get("is_synthetic") else "notice"
        banner = f'<p class="{look_notice}" role="note">{_text(notice)}</p>'
    return (
        f"<header>{banner}<p class='product'>clusterkpi</p><h1>{_text(title)}</h1>"
        f'<p class="verdict {look}">{_text(verdict)}</p><dl class="facts">{listed}</dl></header>'
        '<main id="results">'
    )


def _tiles(
    results: Sequence[CheckResult],
    critical: Sequence[CheckResult],
    warnings: Sequence[CheckResult],
    quarantine: Iterable[Mapping[str, Any]],
) -> str:
    held = sum(row["rows_count"] or 0 for row in quarantine)
    numbers = [
        ("Checks", len(results), ""),
        ("Passed", sum(result.passed for result in results), "good"),
        ("Warnings", len(warnings), "warn" if warnings else ""),
        ("Critical failures", len(critical), "bad" if critical else ""),
        ("Rows in quarantine", held, ""),
    ]
    cells = "".join(
        f'<li class="tile {look}"><span class="number">{number:,}</span> '
        f"<span>{_text(name)}</span></li>"
        for name, number, look in numbers
    )
    return f'<ul class="tiles" aria-label="Summary">{cells}</ul>'


def _problems(title: str, look: str, results: Sequence[CheckResult]) -> str:
    if not results:
        return ""
    items = "".join(
        f'<li class="problem {look}"><h3>{_text(r.check_name)}</h3>'
        f'<p class="where">{_text(r.owner)} · <code>{_text(r.subject)}</code></p>'
        f"<p><b>Found</b> {_text(r.observed)}</p><p><b>Expected</b> {_text(r.expected)}</p></li>"
        for r in sorted(results, key=_order)
    )
    anchor = f"problems-{look}"
    return (
        f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{_text(title)} '
        f'({len(results)})</h2><ul class="problems">{items}</ul></section>'
    )


def _quarantine(rows: Iterable[Mapping[str, Any]]) -> str:
    rows = sorted(rows, key=lambda row: (row["table_name"], -(row["rows_count"] or 0)))
    head = '<section aria-labelledby="quarantine"><h2 id="quarantine">Quarantine</h2>'
    if not rows:
        return f"{head}<p>No row broke its contract.</p></section>"
    columns = ("table_name", "rule", "column_name", "rows_count", "reason", "snapshot_id")
    titles = ("Table", "Rule", "Column", "Rows", "For example", "Snapshot")
    lines = [[row.get(column) for column in columns] for row in rows]
    caption = "Rows that broke a contract. They are kept aside and enter no figure."
    return f"{head}{_table(caption, titles, lines, numeric=(3,))}</section>"


def _all_checks(results: Sequence[CheckResult]) -> str:
    parts = ['<section aria-labelledby="all"><h2 id="all">All checks</h2>']
    ordered = sorted(results, key=_order)
    for owner, owned in groupby(ordered, key=lambda result: result.owner):
        parts.append(f"<h3>{_text(_OWNERS.get(owner, owner))}</h3>")
        for subject, group in groupby(list(owned), key=lambda result: result.subject):
            parts.append(_subject(subject, list(group)))
    return "".join([*parts, "</section>"])


def _subject(subject: str, results: Sequence[CheckResult]) -> str:
    failed = sum(not result.passed for result in results)
    said = f"{failed} of {len(results)} failed" if failed else f"{len(results)} passed"
    lines = [
        [_state(r), r.check_name, r.severity, r.observed, r.expected, r.rows_failed]
        for r in results
    ]
    titles = ("Result", "Check", "Severity", "Found", "Expected", "Rows failed")
    table = _table(f"Checks of {subject}", titles, lines, numeric=(5,), marked=0)
    return (
        f"<details{' open' if failed else ''}><summary><code>{_text(subject)}</code> "
        f'<span class="{"some" if failed else "none"}">{_text(said)}</span></summary>'
        f"{table}</details>"
    )


def _state(result: CheckResult) -> str:
    if result.passed:
        return "passed"
    return "failed" if result.severity == "critical" else "warning"


def _table(
    caption: str,
    titles: Sequence[str],
    lines: Sequence[Sequence[Any]],
    *,
    numeric: tuple[int, ...] = (),
    marked: int | None = None,
) -> str:
    heads = "".join(
        f'<th scope="col"{" class=number" if at in numeric else ""}>{_text(title)}</th>'
        for at, title in enumerate(titles)
    )
    rows = []
    for line in lines:
        cells = []
        for at, value in enumerate(line):
            if at == marked:
                cells.append(f'<td><span class="state {_text(value)}">{_text(value)}</span></td>')
            elif at in numeric:
                shown = "–" if value is None else f"{value:,}"
                cells.append(f'<td class="number">{shown}</td>')
            else:
                cells.append(f"<td>{_text(value)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(caption)}"><table>'
        f"<caption>{_text(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _order(result: CheckResult) -> tuple[Any, ...]:
    """By owner and subject; within a subject failures first, critical ones before warnings."""
    owners = list(_OWNERS)
    owner = owners.index(result.owner) if result.owner in owners else len(owners)
    return (
        owner,
        result.owner,
        result.subject,
        result.passed,
        result.severity != "critical",
        result.check_name,
    )


def _footer(meta: Mapping[str, Any]) -> str:
    return (
        "</main><footer><p>Critical failures hold a release back; warnings are published and "
        "shown. The same results are in the table <code>meta.check_result</code> of release "
        f"<code>{_text(meta['release_id'])}</code>.</p></footer>"
    )
