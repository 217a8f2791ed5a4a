"""Sentences about one place among its peers, made from figures alone.

Belongs here: where a value stands, how sure that is, and the words for it; pure functions, no
Streamlit. Does not belong here: queries, layout, number formats (`dashboards.words`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboards import words

FEWEST_PEERS = 3  # with fewer values of peers nothing is said about the place among them


@dataclass(frozen=True)
class Standing:
    """Where one value stands among the values of its peers on the same basis.

    Attributes:
        share: of peers with a lower value, ties counting half; 0 to 1. None without a value or
            with too few peers.
        share_lower, share_upper: the same for the lower bound against the peers' upper bounds and
            the other way round: what remains true whatever the exact values are.
        median: of the peers.
        peers: number of peers with a value.
    """

    share: float | None
    share_lower: float | None
    share_upper: float | None
    median: float | None
    peers: int

    @property
    def is_certain(self) -> bool:
        """The side of the peers' middle does not hang on the bounds."""
        if self.share is None or self.share_lower is None or self.share_upper is None:
            return False
        return (self.share_lower > 0.5) == (self.share_upper > 0.5)


def standing(own: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> Standing:
    """Compare one cell with the cells of peers; `value`, `value_lower`, `value_upper` of each."""
    known = [peer for peer in peers if peer["value"] is not None]
    values = sorted(float(peer["value"]) for peer in known)
    if own["value"] is None or len(known) < FEWEST_PEERS:
        return Standing(None, None, None, _median(values), len(known))

    def share(value: float, others: Sequence[float]) -> float:
        below = sum(other < value for other in others)
        level = sum(other == value for other in others)
        return (below + level / 2) / len(others)

    low, high = _bounds(own)
    others = [_bounds(peer) for peer in known]
    return Standing(
        share(float(own["value"]), values),
        share(low, [upper for _, upper in others]),
        share(high, [lower for lower, _ in others]),
        _median(values),
        len(known),
    )


def place_in_words(found: Standing) -> str:
    """`in the top quarter of 18 peers`, `near the middle …`, or why nothing can be said."""
    if found.share is None:
        return (
            f"only {found.peers} peers have a value" if found.peers < FEWEST_PEERS else "no value"
        )
    among = f"of {found.peers} peers"
    if not found.is_certain and found.share_lower != found.share_upper:
        return f"not distinguishable from the middle {among}"
    if found.share >= 0.75:
        return f"in the highest quarter {among}"
    if found.share <= 0.25:
        return f"in the lowest quarter {among}"
    if found.share > 0.5:
        return f"above the middle {among}"
    return f"below the middle {among}" if found.share < 0.5 else f"in the middle {among}"


def reading(row: Mapping[str, Any], found: Standing) -> str:
    """What a high or low place means, as far as the indicator says; '' where it says nothing.

    Only what may enter a score is judged: context, tests and neutral indicators are not.
    """
    judged = row["role"] == "scored" and row["direction"] != "neutral"
    if not judged or found.share in (None, 0.5) or not found.is_certain:
        return ""
    high = found.share > 0.5
    return "favourable" if high == (row["direction"] == "up") else "unfavourable"


def sentence(row: Mapping[str, Any], found: Standing, labels: Mapping[str, str], place: str) -> str:
    """One sentence on one indicator of one place.

    Args:
        row: a row of `data.newest`, with what it stands for.
        found: where it stands.
        labels: status mark → label.
        place: name of the place.
    """
    name, unit = row["indicator_name"], row["unit"]
    status = str(row["obs_status"])
    if row["value"] is None:
        why = labels.get(status, status)
        return f"{name}: no figure for {place} ({why[:1].lower()}{why[1:]})."
    digits = words.decimals([row["value"], found.median])
    text = f"{name}: {words.number(row['value'], digits)} ({unit}, {row['period']})"
    between = words.interval(row["value_lower"], row["value_upper"], digits)
    if between:
        text += f", interval {between}"
    text += f"; {place_in_words(found)}"
    if found.median is not None and found.share is not None:
        text += f", whose median is {words.number(found.median, digits)}"
    meaning = reading(row, found)
    text += f" ({meaning})." if meaning else "."
    if status not in ("A", "Z"):
        text += f" Mark {status}: {labels.get(status, status)}."
    return text


def standings(frame: pl.DataFrame, geo_id: str, peers: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of one place in `data.newest`, each with its standing among the peers."""
    rows: list[dict[str, Any]] = []
    for _, group in frame.group_by("indicator_id", "basis", maintain_order=True):
        cells = {row["geo_id"]: row for row in group.to_dicts()}
        if own := cells.get(geo_id):
            others = [cells[peer] for peer in peers if peer in cells and peer != geo_id]
            rows.append({**own, "standing": standing(own, others)})
    return rows


def _bounds(row: Mapping[str, Any]) -> tuple[float, float]:
    value = float(row["value"])
    low = row["value_lower"] if row["value_lower"] is not None else value
    high = row["value_upper"] if row["value_upper"] is not None else value
    return float(low), float(high)


def _median(values: Sequence[float]) -> float | None:
    if not values:
        return None
    middle = len(values) // 2
    if len(values) % 2:
        return values[middle]
    return (values[middle - 1] + values[middle]) / 2
