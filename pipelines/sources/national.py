"""What the tables of national offices have in common.

Several offices give a table through a page that makes the file on request, or through an interface
that takes its key in the address only, where every log would keep it. Such a source is off when it
is live until an address is set under which its exports are kept (`CLUSTERKPI_NATIONAL_ADDRESSES`);
the demo and a replay answer the usual address.

Belongs here: that rule, and binding of columns that go by several names. Does not belong here: any
office's layout (its module).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.errors import SchemaDrift
from pipelines.settings import Settings


def address(source_id: str, usual: str, settings: Settings) -> str:
    """Where the exports of a source are asked for, without a slash at the end."""
    return settings.national_addresses.get(source_id, usual).rstrip("/")


def off_when_live(source_id: str, why: str, settings: Settings) -> str:
    """Why a source without a confirmed address is not read; '' if it is."""
    if settings.profile != "live" or source_id in settings.national_addresses:
        return ""
    return (
        f"{why}; keep its exports under an address of your own and set "
        f'CLUSTERKPI_NATIONAL_ADDRESSES=\'{{"{source_id}": "https://…"}}\''
    )


def bound(
    rows: pl.DataFrame,
    names: Mapping[str, tuple[str, ...]],
    where: str,
    optional: frozenset[str] = frozenset(),
) -> pl.DataFrame:
    """Columns under one name each, whichever of their known headers the file has.

    Args:
        rows: text columns and `_row_no`.
        names: our name → headers, the first one that is there wins; case and blanks at the ends
            do not count.
        where: file, for messages.
        optional: names that may have no column; they are null.

    Raises:
        SchemaDrift: a name that is not optional has no column.
    """
    there = {header.strip().lower(): header for header in reversed(rows.columns)}
    columns: list[pl.Expr] = []
    for name, known in names.items():
        found = next((there[h.lower()] for h in known if h.lower() in there), None)
        if found is None and name not in optional:
            raise SchemaDrift(
                f"{where}: none of the columns {', '.join(known)} is there; the file has "
                f"{', '.join(c for c in rows.columns if c != '_row_no')[:300]}"
            )
        columns.append((pl.lit(None, pl.String) if found is None else pl.col(found)).alias(name))
    return rows.select("_row_no", *columns)


def decoded(body: bytes, *others: str) -> bytes:
    """Text as UTF-8: as it is where it is that, else from the first other encoding that fits."""
    try:
        body.decode("utf-8")
        return body
    except UnicodeDecodeError:
        pass
    for encoding in others:
        try:
            return body.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    raise SchemaDrift(f"the text is neither UTF-8 nor {' nor '.join(others) or 'anything known'}")
