"""Small tables as plain HTML: readable by a screen reader, on a phone and on paper.

Belongs here: frame → HTML, all text escaped. Does not belong here: queries, widgets; tables of
thousands of rows (`st.dataframe` draws those).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from dashboards import links, words

# Longer tables scroll in a box of their own.
TALL = 30
# A row → the address of the passport of its number.
Address = Callable[[Mapping[str, object]], str]


def plain(frame: pl.DataFrame, headings: Mapping[str, str], numeric: Sequence[str] = ()) -> str:
    """A table of the columns in `headings`, in that order."""
    head = "".join(
        f'<th scope="col"{_num(column in numeric)}>{escape(text)}</th>'
        for column, text in headings.items()
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{escape(headings[column])}"{_num(column in numeric)}>'
            f"{escape(_text(row[column]))}</td>"
            for column in headings
        )
        + "</tr>"
        for row in frame.to_dicts()
    )
    return (
        f'<div class="ck-scroll{_tall(frame)}" tabindex="0"><table class="ck-table"><thead><tr>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def ranking(
    frame: pl.DataFrame,
    labels: Mapping[str, str],
    *,
    unit: str,
    place_heading: str,
    limit: int | None = None,
    address: Address | None = None,
) -> str:
    """Places in order, each with a bar, its value and the mark that says how to read it.

    Args:
        frame: result of `words.ranked`; may have `parent_name`.
        labels: status mark → label.
        unit: unit of the values, for the heading.
        place_heading: heading of the column of places.
        limit: show only so many rows.
        address: makes each number a link.
    """
    digits = words.decimals(frame["value"])
    ends = [abs(v) for v in (frame["value"].min(), frame["value"].max()) if v is not None]
    scale = max(ends, default=0.0)
    signed = (frame["value"].min() or 0) < 0
    has_rank = frame["rank"].is_not_null().any()
    bounded = words.has_intervals(frame)
    rows = frame if limit is None else frame.head(limit)
    body = "".join(
        _ranking_row(r, labels, digits, scale, signed, has_rank, bounded, address)
        for r in rows.to_dicts()
    )
    between = '<th scope="col" class="ck-num">Interval</th>' if bounded else ""
    rank_head = '<th scope="col" class="ck-num">Rank</th>' if has_rank else ""
    return (
        f'<div class="ck-scroll{_tall(rows)}" tabindex="0">'
        '<table class="ck-table ck-ranking"><thead><tr>'
        f'{rank_head}<th scope="col">{escape(place_heading)}</th>'
        f'<th scope="col" class="ck-barhead">{escape(unit)}</th>'
        f'<th scope="col" class="ck-num">Value</th>{between}<th scope="col">Mark</th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def cells(frame: pl.DataFrame, name: str, labels: Mapping[str, str], digits: int = 2) -> str:
    """One row a cell: what it is about, value, interval, mark."""
    body = "".join(
        f'<tr><td class="ck-place">{escape(row[name])}</td>'
        f'<td class="ck-num">{escape(words.number(row["value"], digits))}</td>'
        f'<td class="ck-num">'
        f"{escape(words.interval(row['value_lower'], row['value_upper'], digits))}</td>"
        f'<td title="{escape(labels.get(row["obs_status"], ""))}">{_mark(row["obs_status"])}</td>'
        "</tr>"
        for row in frame.to_dicts()
    )
    return (
        f'<div class="ck-scroll{_tall(frame)}" tabindex="0"><table class="ck-table"><thead><tr>'
        '<th scope="col">Cluster</th>'
        '<th scope="col" class="ck-num">Value</th><th scope="col" class="ck-num">Interval</th>'
        f'<th scope="col">Mark</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def portfolio(frame: pl.DataFrame) -> str:
    """Clusters of one region with every measure; what is withheld as the interval it lies in.

    Args:
        frame: rows of `data.region_portfolio`.
    """
    heads = {
        "Cluster": False,
        "Employees": True,
        "Quotient in class": True,
        "p": True,
        "Strength": False,
        "Growth of establishments": True,
        "Local competition": True,
        "SMEs": True,
        "Mark": False,
    }
    head = "".join(f'<th scope="col"{_num(n)}>{escape(text)}</th>' for text, n in heads.items())
    body = "".join(_portfolio_row(row) for row in frame.to_dicts())
    return (
        f'<div class="ck-scroll{_tall(frame)}" tabindex="0"><table class="ck-table ck-portfolio">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _portfolio_row(row: Mapping[str, Any]) -> str:
    def figure(name: str, digits: int, scale: float = 1, unit: str = "") -> str:
        names = (name, f"{name}_lower", f"{name}_upper")
        return _figure(*(row[n] for n in names), digits=digits, scale=scale, unit=unit)

    jobs = _figure(
        row["emp_count"], row["emp_lower_count"], row["emp_upper_count"], digits=0, scale=1, unit=""
    )
    strength = words.strength(row["strength_least"], row["strength_most"])
    strong = ' class="ck-strong"' if (row["strength_least"] or 0) >= 3 else ""
    tested = row["p_value"] is not None and row["p_value"] <= words.ALPHA
    p_value = escape(words.number(row["p_value"], 3))
    p_text = f"<strong>{p_value}</strong>" if tested else p_value
    columns = (
        jobs,
        figure("lq_in_class", 2),
        p_text,
        f"<span{strong}>{escape(strength)}</span>",
        figure("estabs_growth", 1, 100, "%"),
        figure("rivalry", 2),
        figure("sme_estabs_share", 1, 100, "%"),
    )
    cells = "".join(f"<td{_num(number != 3)}>{text}</td>" for number, text in enumerate(columns))
    kind = "" if row["cluster_class"] in ("traded", None) else f" ({row['cluster_class']})"
    return (
        f'<tr data-cluster="{escape(row["cluster_id"])}"><td class="ck-place">'
        f'{escape(row["cluster_name"])}<span class="ck-parent">{escape(kind)}</span></td>'
        f"{cells}<td>{_mark(row['obs_status'])}</td></tr>"
    )


def _figure(
    value: float | None,
    lower: float | None,
    upper: float | None,
    *,
    digits: int,
    scale: float,
    unit: str,
) -> str:
    """A figure, or the interval that it lies in, set apart so that it is not read as one."""

    def scaled(end: float | None) -> float | None:
        return None if end is None else end * scale

    if value is not None:
        return escape(words.number(value * scale, digits) + unit)
    between = words.interval(scaled(lower), scaled(upper), digits)
    return f'<span class="ck-between">{escape(between)}{unit if between else ""}</span>'


@dataclass(frozen=True)
class Measure:
    """A column of figures: its name in the frame, and how it is written.

    The frame also has `<key>_lower`, `<key>_upper` and `<key>_status`.
    """

    key: str
    heading: str
    digits: int = 2
    scale: float = 1
    unit: str = ""


def measures(
    frame: pl.DataFrame, name: str, heading: str, columns: Sequence[Measure], kind: str = "row"
) -> str:
    """One row a thing, one column a measure: each figure with its interval's place and its mark.

    Args:
        frame: `name` and the columns of each measure.
        name: column of what the rows are about.
        heading: of that column.
        columns: the measures, in order.
        kind: of the rows, as a data attribute.
    """
    head = f'<th scope="col">{escape(heading)}</th>' + "".join(
        f'<th scope="col" class="ck-num">{escape(column.heading)}</th>' for column in columns
    )
    body = "".join(
        f'<tr data-{kind}="{escape(str(row[name]))}"><th scope="row">{escape(str(row[name]))}</th>'
        + "".join(f'<td class="ck-num">{_measure(row, column)}</td>' for column in columns)
        + "</tr>"
        for row in frame.to_dicts()
    )
    return (
        f'<div class="ck-scroll{_tall(frame)}" tabindex="0"><table class="ck-table ck-measures">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _measure(row: Mapping[str, Any], column: Measure) -> str:
    value, low, high, status = (
        row.get(f"{column.key}{end}") for end in ("", "_lower", "_upper", "_status")
    )
    status = str(status or "")
    text = _figure(value, low, high, digits=column.digits, scale=column.scale, unit=column.unit)
    return text if status in ("A", "Z") else f"{text} {_mark(status)}"


def legend(statuses: pl.DataFrame, used: Sequence[str]) -> str:
    """What the marks mean; those on this page come first and stand out."""
    rows = sorted(statuses.to_dicts(), key=lambda row: row["obs_status"] not in used)
    items = "".join(
        f'<div class="{"" if row["obs_status"] in used else "ck-unused"}">'
        f"<dt>{_mark(row['obs_status'])}{escape(row['label'])}</dt>"
        f"<dd>{escape(row['description'])}</dd></div>"
        for row in rows
    )
    if "" in used:
        items += (
            f"<div><dt>{_mark('')}no cell</dt>"
            "<dd>The release holds no row for this place and period.</dd></div>"
        )
    return f'<dl class="ck-legend">{items}</dl>'


def definitions(pairs: Mapping[str, str]) -> str:
    """Name and text below each other, for texts of several lines."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs.items()
    )
    return f'<dl class="ck-legend ck-column">{items}</dl>'


def facts(pairs: Mapping[str, str]) -> str:
    """Name and value side by side, wrapping where the screen is narrow."""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs.items()
    )
    return f'<dl class="ck-facts">{items}</dl>'


def status(obs_status: str, label: str) -> str:
    """A status mark with its label."""
    return f"{_mark(obs_status)}{escape(label)}"


def cards(entries: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """One box for each entry: its title, and name and text of what is known of it.

    A text that is a web address becomes a link.
    """
    items = "".join(
        f'<li><h4 class="ck-card">{escape(title)}</h4><dl>'
        + "".join(
            f"<div><dt>{escape(name)}</dt><dd>{_address(text)}</dd></div>"
            for name, text in pairs.items()
        )
        + "</dl></li>"
        for title, pairs in entries
    )
    return f'<ul class="ck-cards">{items}</ul>'


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{escape(text)}" rel="noreferrer">{escape(text)}</a>'


def tiles(pairs: Mapping[str, tuple[str, str]]) -> str:
    """Headline figures: name → (figure, remark)."""
    items = "".join(
        f'<li><span class="ck-name">{escape(name)}</span>'
        f'<span class="ck-figure">{escape(figure)}</span>'
        f'<span class="ck-remark">{escape(remark)}</span></li>'
        for name, (figure, remark) in pairs.items()
    )
    return f'<ul class="ck-tiles">{items}</ul>'


def matrix(frame: pl.DataFrame, guidelines: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """Indicators × economies: the newest year with a value, or the mark that explains its lack.

    Args:
        frame: rows of `data.coverage`, every economy for every indicator.
        guidelines: guideline_id → heading of its indicators, in order.
        labels: status mark → label.
    """
    places = frame.select("geo_id", "geo_name").unique(maintain_order=True).rows()
    cells = {(row["geo_id"], row["indicator_id"]): row for row in frame.to_dicts()}
    head = "".join(
        f'<th scope="col"><abbr title="{escape(name)}">{escape(geo_id)}</abbr></th>'
        for geo_id, name in places
    )
    body = ""
    for guideline_id, title in guidelines.items():
        rows = frame.filter(pl.col("guideline_id") == guideline_id)
        names = rows.select("indicator_id", "indicator_name").unique(maintain_order=True).rows()
        if not names:
            continue
        body += _group_row(title, len(places) + 1)
        for indicator_id, name in names:
            newest = rows.filter(pl.col("indicator_id") == indicator_id)["latest_period"].max()
            body += f'<tr><th scope="row">{escape(name)}</th>' + "".join(
                _matrix_cell(cells[geo_id, indicator_id], newest, labels) for geo_id, _ in places
            )
            body += "</tr>"
    return (
        '<div class="ck-scroll" tabindex="0"><table class="ck-table ck-matrix"><thead><tr>'
        f'<th scope="col">Indicator</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


# How a cell of the coverage matrix is drawn: class and StatsAPEC's sign where there is no value.
COVERED = {
    "observed": ("ck-full", ""),
    "carried": ("ck-recent", ""),
    "outdated": ("ck-old", ""),
    "suppressed": ("ck-none ck-withheld", "(c)"),
    "missing": ("ck-none ck-asked", "…"),
    "no source": ("ck-none", "…"),
}


def coverage(
    frame: pl.DataFrame, blocks: Mapping[str, str], shown: Mapping[tuple[str, str], str]
) -> str:
    """Indicators × economies: what each cell shows, shaded by its status, with its reason.

    Args:
        frame: rows of `data.coverage_matrix`, every economy for every indicator.
        blocks: block → heading of its indicators, in order.
        shown: (indicator_id, geo_id) → text of the cell.
    """
    places = frame.select("geo_id", "geo_name").unique(maintain_order=True).rows()
    head = "".join(
        f'<th scope="col"><abbr title="{escape(name)}">{escape(geo_id)}</abbr></th>'
        for geo_id, name in places
    )
    body = ""
    for block, title in blocks.items():
        rows = frame.filter(pl.col("block") == block)
        if rows.is_empty():
            continue
        body += _group_row(title, len(places) + 1)
        for _, group in rows.group_by("indicator_id", maintain_order=True):
            cells = {row["geo_id"]: row for row in group.to_dicts()}
            first = group.row(0, named=True)
            core = f' <span class="ck-core">core {first["core_no"]}</span>' * first["is_core"]
            body += (
                f'<tr><th scope="row">{escape(first["indicator_name"])}{core}</th>'
                + "".join(_coverage_cell(cells[geo_id], shown) for geo_id, _ in places)
                + "</tr>"
            )
    return (
        '<div class="ck-scroll ck-tall" tabindex="0"><table class="ck-table ck-matrix"><thead><tr>'
        f'<th scope="col">Indicator</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _coverage_cell(row: Mapping[str, object], shown: Mapping[tuple[str, str], str]) -> str:
    tone, _ = COVERED[str(row["coverage_status"])]
    text = shown[str(row["indicator_id"]), str(row["geo_id"])]
    why = str(row["reason"] or row["coverage_status"])
    hint = f"{row['geo_name']}, {row['indicator_name']}: {why}"
    if row["basis"] is not None and row["latest_period"] is not None:
        key = [str(row[name]) for name in ("indicator_id", "geo_id", "latest_period", "basis")]
        inside = links.number(text, links.passport(*key, None), hint)
    else:
        inside = escape(text)
    return f'<td class="{tone}" title="{escape(hint)}">{inside}</td>'


def _group_row(title: str, columns: int) -> str:
    return (
        f'<tr class="ck-group"><th scope="colgroup" colspan="{columns}">{escape(title)}</th></tr>'
    )


def side_by_side(
    frame: pl.DataFrame,
    places: Mapping[str, str],
    guidelines: Mapping[str, str],
    labels: Mapping[str, str],
    address: Address | None = None,
) -> str:
    """Indicators × places: the newest value, its period and mark, and where it stands.

    Args:
        frame: rows of `data.newest`.
        places: geo_id → name, in the order of the columns.
        guidelines: guideline_id → heading of its indicators.
        labels: status mark → label.
        address: makes each number a link.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in places.values())
    body, before = "", None
    for key, rows in frame.group_by("guideline_id", "indicator_id", "basis", maintain_order=True):
        if key[0] != before:
            before = key[0]
            body += _group_row(guidelines.get(str(before), str(before)), len(places) + 1)
        first = rows.row(0, named=True)
        digits = words.decimals(rows["value"])
        cells = {row["geo_id"]: row for row in rows.to_dicts()}
        about = f"{first['basis_name']}; {first['unit']}"
        body += (
            f'<tr><th scope="row">{escape(first["indicator_name"])}'
            f'<span class="ck-parent">{escape(about)}</span></th>'
            + "".join(_beside(cells.get(geo_id), digits, labels, address) for geo_id in places)
            + "</tr>"
        )
    return (
        '<div class="ck-scroll" tabindex="0"><table class="ck-table ck-beside"><thead><tr>'
        f'<th scope="col">Indicator</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _beside(
    row: Mapping[str, object] | None,
    digits: int,
    labels: Mapping[str, str],
    address: Address | None,
) -> str:
    if row is None:
        return f"<td>{_mark('')}</td>"
    status = str(row["obs_status"])
    why = escape(labels.get(status, status))
    if row["value"] is None:
        shown = words.interval(row["value_lower"], row["value_upper"], digits)  # type: ignore[arg-type]
        return f'<td title="{why}">{_mark(status)}{escape(shown)}</td>'
    value, low, high = (float(str(row[name])) for name in ("value", "low", "high"))
    at = 100 * (value - low) / (high - low) if high > low else 50
    mark = "" if status in ("A", "Z") else f" {_mark(status)}"
    return (
        f'<td title="{why}"><b>{_linked(words.number(value, digits), row, address)}</b>{mark}'
        f'<span class="ck-when">{escape(str(row["period"]))}</span>'
        f'<span class="ck-place-line"><i style="left:{at:.0f}%"></i></span></td>'
    )


def _matrix_cell(row: dict[str, object], newest: object, labels: Mapping[str, str]) -> str:
    status = str(row["obs_status"] or "")
    name = f"{row['geo_name']}, {row['indicator_name']}"
    if row["latest_period"] is None:
        hint = f"{name}: {labels.get(status, status)}"
        return f'<td class="ck-none" title="{escape(hint)}">{_mark(status)}</td>'
    hint = f"{name}: {row['observed_count']} of {row['cells_count']} cells have a value"
    lag = int(str(newest)) - int(str(row["latest_period"]))
    shade = "ck-full" if lag == 0 else "ck-recent" if lag <= 2 else "ck-old"
    return f'<td class="{shade}" title="{escape(hint)}">{escape(str(row["latest_period"]))}</td>'


def _ranking_row(
    row: dict[str, object],
    labels: Mapping[str, str],
    digits: int,
    scale: float,
    signed: bool,
    has_rank: bool,
    bounded: bool,
    address: Address | None,
) -> str:
    value = row["value"]
    status = str(row["obs_status"])
    place = escape(str(row["geo_name"]))
    if row.get("parent_name") and row["parent_name"] != "United States":
        place += f' <span class="ck-parent">{escape(str(row["parent_name"]))}</span>'
    rank = ""
    if has_rank:
        rank = f'<td class="ck-num ck-rank">{"" if row["rank"] is None else row["rank"]}</td>'
    shown = words.interval(row["value_lower"], row["value_upper"], digits)  # type: ignore[arg-type]
    if value is None:
        why = _linked(labels.get(status, status), row, address if status else None)
        figure = "" if bounded else f'<td class="ck-num">{escape(shown)}</td>'
        span = ' colspan="2"' if bounded else ""
        middle = f'<td class="ck-why"{span}>{why}</td>{figure}'
    else:
        middle = (
            f"<td>{_bar(float(str(value)), scale, signed, status)}</td>"
            f'<td class="ck-num ck-value">'
            f"{_linked(words.number(float(str(value)), digits), row, address)}</td>"
        )
    if bounded:
        middle += f'<td class="ck-num">{escape(shown)}</td>'
    tone = ' class="ck-absent"' if value is None else ""
    title = escape(labels.get(status, status))
    return (
        f'<tr data-geo="{escape(str(row["geo_id"]))}"{tone}>{rank}<td class="ck-place">{place}</td>'
        f'{middle}<td title="{title}">{_mark(status)}</td></tr>'
    )


def _linked(text: str, row: Mapping[str, object], address: Address | None) -> str:
    return escape(text) if address is None else links.number(text, address(row))


def _bar(value: float, scale: float, signed: bool, status: str) -> str:
    width = 100 * abs(value) / scale if scale else 0
    tone = "ck-bar ck-small" if status == "U" else "ck-bar"
    if not signed:
        return f'<span class="{tone}" style="width:{width:.1f}%"></span>'
    start = 50 - width / 2 if value < 0 else 50
    side = " ck-negative" if value < 0 else ""
    return (
        f'<span class="{tone}{side}" style="margin-left:{start:.1f}%;width:{width / 2:.1f}%">'
        "</span>"
    )


def _mark(status: str) -> str:
    kind = {"Z": "good", "": "gone", "M": "gone", "L": "gone"}.get(status)
    if status == "A":
        return '<span class="ck-mark ck-mark-plain">A</span>'
    if kind is None:
        kind = "held" if status in ("C", "Q") else "care"
    return f'<span class="ck-mark ck-mark-{kind}">{escape(status or words.NO_CELL)}</span>'


def _tall(frame: pl.DataFrame) -> str:
    return " ck-tall" if frame.height > TALL else ""


def _num(is_number: bool) -> str:
    return ' class="ck-num"' if is_number else ""


def _text(value: object) -> str:
    return "—" if value is None else str(value)
