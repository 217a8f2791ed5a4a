"""Exports: the fact and its dictionary as files that others read, with the terms of their use.

`package.write` makes a folder: data by terms of use, dictionaries, a data package descriptor,
checksums, a citation line, and what was left out and why.

Belongs here: files for other programs. Does not belong here: the published DuckDB file
(`warehouse`), questions to it (`cli query`).
"""

from enum import StrEnum


class Format(StrEnum):
    """Formats of an export."""

    CSV = "csv"
    PARQUET = "parquet"
    SDMX_CSV = "sdmx-csv"
