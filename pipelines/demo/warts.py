"""The rows that the contract gates have to refuse: how many, where, and by which rule.

They are few and fixed so that a test of quarantine can count on them. They come on top of the
figures: no cell of an APEC economy, a state or a county is lost by them.

Belongs here: the list. Does not belong here: the other irregularities of the formats, which are
legal there (suppression codes, padding, missing cells) and lead to no refusal.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_PART = "*"


@dataclass(frozen=True)
class Wart:
    """Rows that break a contract.

    Attributes:
        source, part: where they are served; part `*` means: in every part of the source.
        table: the raw table whose contract they break.
        column: the column of that table that is at fault; several for a key.
        rule: the rule that has to catch them.
        rows: how many rows of each such part go to quarantine for it.
        note: what is wrong.
    """

    source: str
    part: str
    table: str
    column: str
    rule: str
    rows: int
    note: str


DEMO_WARTS: tuple[Wart, ...] = (
    Wart(
        "wdi", "IT.NET.USER.ZS", "observations", "value", "not_a_number", 1,
        'the value of Argentina three years before the newest year is the text "n/a"',
    ),
    Wart(
        "wdi", "SE.TER.ENRR", "observations", "indicator_code,economy_code_wdi,period_year",
        "duplicate_key", 2,
        "Kenya has two different values two years before the newest year: both go",
    ),
    Wart(
        "wdi", "NE.EXP.GNFS.ZS", "observations", "period_year", "not_a_integer", 1,
        'an extra row of Egypt has the year "20X5"',
    ),
    Wart(
        "baci", EVERY_PART, "flows", "value_kusd", "below_minimum", 1,
        "an extra flow of the newest year is negative",
    ),
    Wart(
        "baci", EVERY_PART, "flows", "product_code", "pattern", 1,
        "an extra flow of the newest year has five letters as its product code",
    ),
    Wart(
        "bds", EVERY_PART, "states", "firms_count", "not_a_integer", 1,
        'code 97 (no state) has "(r)" as its count of firms in the second year',
    ),
    Wart(
        "cbp", EVERY_PART, "counties", "estabs_count", "not_a_integer", 1,
        'an extra row of 56/999 has "1x" establishments',
    ),
    Wart(
        "cbp", EVERY_PART, "counties", "naics_code", "pattern", 1,
        'an extra row of 56/999 has the industry "31-33"',
    ),
)  # fmt: skip
