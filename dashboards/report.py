"""A report on one economy: one HTML file that prints well and needs nothing else.

Belongs here: rows → HTML. Does not belong here: queries, Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dashboards import narrative, words

_SHEET = """
body { font: 11pt/1.45 'Segoe UI', 'Noto Sans', 'Liberation Sans', Arial, sans-serif;
  color: #14213d; max-width: 190mm; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 20pt; margin: 0 0 .2rem; } h2 { font-size: 13pt; margin: 1.6rem 0 .4rem;
  border-bottom: 1px solid #d5dae5; break-after: avoid; }
.demo { border: 2px solid #8a3b00; color: #6b2d00; background: #fff4dc; padding: .5rem .8rem;
  font-weight: 700; }
.facts, .foot { color: #4a5672; font-size: 9.5pt; } q { font-style: italic; color: #4a5672; }
table { border-collapse: collapse; width: 100%; font-size: 9.5pt; margin: .4rem 0; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #e6e9f0; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr { break-inside: avoid; } li { margin: .2rem 0; }
@page { margin: 16mm; }
"""


def html(
    place: str,
    peers: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    guidelines: Mapping[str, tuple[str, str]],
    labels: Mapping[str, str],
    facts: Mapping[str, str],
    credits: Sequence[str],
    demo_notice: str,
) -> str:
    """The report.

    Args:
        place: name of the economy.
        peers: names of those it is compared with.
        rows: result of `narrative.standings`.
        guidelines: guideline_id → (title, sentence), in order.
        labels: status mark → label.
        facts: release, clocks and the like.
        credits: attribution of each source.
        demo_notice: set where the figures are synthetic; stands above everything.
    """
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>{escape(place)}: industrial cluster indicators</title><style>{_SHEET}</style>",
        "</head><body>",
        f"<p class='demo' role='note'>{escape(demo_notice)}</p>" if demo_notice else "",
        f"<h1>{escape(place)}</h1><p>Industrial cluster indicators by the seven guidelines of the "
        "APEC Symposium on Industrial Clustering for SMEs (2005).</p>",
        "<p class='facts'>"
        + " · ".join(f"{escape(name)}: {escape(text)}" for name, text in facts.items())
        + "</p>",
        f"<p class='facts'>Compared with: {escape(', '.join(peers)) or 'nobody'}. Each value is "
        "the newest of its economy. A place among peers is no judgement; bases are never "
        "pooled.</p>",
    ]
    for guideline_id, (title, quote) in guidelines.items():
        own = [row for row in rows if row["guideline_id"] == guideline_id]
        if not own:
            continue
        parts.append(f"<h2>{escape(title)}</h2>")
        if quote:
            parts.append(f"<p><q>{escape(quote)}</q></p>")
        parts.append(_table(own, labels))
        sentences = [narrative.sentence(row, row["standing"], labels, place) for row in own]
        parts.append("<ul>" + "".join(f"<li>{escape(text)}</li>" for text in sentences) + "</ul>")
    parts.append("<h2>Sources</h2><div class='foot'>")
    parts.extend(f"<p>{escape(text)}</p>" for text in credits)
    parts.append("</div></body></html>")
    return "".join(parts)


def _table(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> str:
    head = (
        "<tr><th scope='col'>Indicator</th><th scope='col'>Basis</th><th scope='col' class='n'>"
        "Value</th><th scope='col'>Year</th><th scope='col' class='n'>Median of peers</th>"
        "<th scope='col'>Mark</th></tr>"
    )
    return f"<table><thead>{head}</thead><tbody>{''.join(map(_row, rows))}</tbody></table>"


def _row(row: Mapping[str, Any]) -> str:
    found: narrative.Standing = row["standing"]
    digits = words.decimals([row["value"], found.median])
    return (
        f"<tr><td>{escape(row['indicator_name'])}</td><td>{escape(row['basis_name'])}; "
        f"{escape(row['unit'])}</td><td class='n'>{words.number(row['value'], digits) or '–'}</td>"
        f"<td>{escape(str(row['period']))}</td>"
        f"<td class='n'>{words.number(found.median, digits) or '–'}</td>"
        f"<td>{escape(str(row['obs_status']))}</td></tr>"
    )
