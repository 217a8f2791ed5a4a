"""Concordances between classifications: weights, their rules, and amounts converted by them.

A concordance is a table of links: from_scheme, from_code, to_scheme, to_code, weight. The weights
of a source code sum to 1, so that what is converted keeps its total.

Belongs here: pure functions over frames. Does not belong here: files (`sources.concordance`), the
shipped tables (`dbt_project/seeds/concordances`).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import polars as pl

from pipelines.errors import MetricInput

COLUMNS: dict[str, str] = {
    "from_scheme": "classification of the source code, such as HS2017",
    "from_code": "source code as text, leading zeros included",
    "to_scheme": "classification of the target code",
    "to_code": "target code as text",
    "weight": "part of the source code that goes to the target code; sums to 1 over its targets",
}
KEYS = ("from_scheme", "from_code", "to_scheme", "to_code")
SCHEME = r"[A-Za-z][A-Za-z0-9_.-]{0,39}"
UNMAPPED = "unmapped"
TOLERANCE = 1e-6


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong. `row` counts the file's lines, the header being 1."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.reason}"


def problems(links: pl.DataFrame) -> list[Problem]:
    """Everything that is wrong with a table of links, in the order of its rows.

    Args:
        links: text columns of `COLUMNS`, and `_row_no` counted from 1 after the header.
    """
    found: list[Problem] = []
    seen: dict[tuple[str, ...], int] = {}
    sums: dict[tuple[str, str, str], list[float]] = {}
    first: dict[tuple[str, str, str], int] = {}
    for cells in links.select("_row_no", *COLUMNS).iter_rows(named=True):
        row = cells["_row_no"] + 1
        empty = [name for name in COLUMNS if not (cells[name] or "").strip()]
        found += [Problem(row, name, "is empty") for name in empty]
        if empty:
            continue
        for name in ("from_scheme", "to_scheme"):
            if not re.fullmatch(SCHEME, cells[name]):
                found.append(Problem(row, name, f"{cells[name]!r} is no name of a classification"))
        for name in ("from_code", "to_code"):
            if cells[name] != cells[name].strip() or cells[name] == UNMAPPED:
                found.append(Problem(row, name, f"{cells[name]!r} is no code"))
        if cells["from_scheme"] == cells["to_scheme"]:
            found.append(Problem(row, "to_scheme", "is the classification of the source code"))
        key = tuple(cells[name] for name in KEYS)
        if key in seen:
            found.append(Problem(row, "to_code", f"the link stands in row {seen[key]} already"))
        seen.setdefault(key, row)
        source = (cells["from_scheme"], cells["to_scheme"], cells["from_code"])
        first.setdefault(source, row)
        weight = _weight(cells["weight"])
        if weight is None:
            found.append(
                Problem(row, "weight", f"{cells['weight']!r} is no number above 0 and up to 1")
            )
            weight = math.nan
        sums.setdefault(source, []).append(weight)
    for source, weights in sums.items():
        total = math.fsum(weights)
        if not math.isnan(total) and abs(total - 1) > TOLERANCE:
            reason = (
                f"the weights of {source[0]} {source[2]} to {source[1]} sum to {total:g}, not 1"
            )
            found.append(Problem(first[source], "weight", reason))
    return sorted(found)


def _weight(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value <= 1 else None


def equal_parts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Links out of pairs that are published without amounts: equal parts of each source code.

    A source code with n targets gives 1/n to each, the assumption of least information. Twice the
    same pair counts once.

    Args:
        pairs: from_scheme, from_code, to_scheme, to_code.
    """
    source = ["from_scheme", "to_scheme", "from_code"]
    return (
        pairs.select(KEYS)
        .unique()
        .sort(KEYS)
        .with_columns((1.0 / pl.len().over(source)).alias("weight"))
    )


def convert(
    amounts: pl.DataFrame,
    links: pl.DataFrame,
    *,
    code: str,
    amount: str,
    keep: tuple[str, ...] = (),
) -> pl.DataFrame:
    """Amounts in the target classification, with what has no link under `unmapped`.

    The total is conserved: Σ out = Σ in, because the weights of each source code sum to 1.

    Args:
        amounts: `code`, `amount` (NULL = withheld) and the columns of `keep`, one row a cell.
        links: from_code, to_code, weight of one pair of classifications.

    Returns:
        `keep`, to_code, `amount`; the amount is NULL where one of its parts is: a sum with a
        withheld part is withheld.

    Raises:
        MetricInput: the weights of a source code do not sum to 1 (names it).
    """
    off = (
        links.group_by("from_code")
        .agg(pl.col("weight").sum())
        .filter((pl.col("weight") - 1).abs() > TOLERANCE)
        .sort("from_code")
    )
    if off.height:
        name, total = off.row(0)
        raise MetricInput(f"weight: those of {name!r} sum to {total:g}, not 1")
    joined = amounts.join(
        links.select("from_code", "to_code", "weight"),
        left_on=code,
        right_on="from_code",
        how="left",
    ).with_columns(
        pl.col("to_code").fill_null(UNMAPPED),
        (pl.col(amount) * pl.col("weight").fill_null(1.0)).alias(amount),
    )
    known = pl.col(amount).is_not_null().all()
    return (
        joined.group_by(*keep, "to_code")
        .agg(pl.when(known).then(pl.col(amount).sum()).alias(amount))
        .sort(*keep, "to_code")
    )
