"""Which cells may be passed on, and under which terms.

A cell has the terms of all the snapshots that it was read from; the strictest of them decides where
it goes. Cells of the same snapshots' terms and texts make one row group, which carries its
attribution.

Belongs here: classes of terms, row groups. Does not belong here: file formats.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import duckdb
import polars as pl

from pipelines.errors import ConfigError
from pipelines.history import FACT


class Terms(StrEnum):
    """What may be done with a cell, the strictest first."""

    REFUSED = "refused"
    NON_COMMERCIAL = "non_commercial"
    DERIVED_ONLY = "derived_only"
    AS_STATED = "as_stated"
    SHARE_ALIKE = "share_alike"
    OPEN = "open"


ABOUT = {
    Terms.REFUSED: "left out: the publisher does not allow its own figures to be passed on",
    Terms.NON_COMMERCIAL: "non-commercial use only; left out unless --non-commercial is given",
    Terms.DERIVED_ONLY: "computed from figures that may not be passed on themselves: without terms",
    Terms.AS_STATED: "terms stated row by row in an office's own file; ask the office",
    Terms.SHARE_ALIKE: "share alike: what is made of it has to be under the same licence",
    Terms.OPEN: "open: name the publishers",
}


@dataclass(frozen=True)
class Classified:
    """The fact by terms of use.

    Attributes:
        groups: one row for each row group: id, terms, licences, attribution, sources, versions.
        left_out: indicator, basis, licence, cells and reason of what is not in the files.
    """

    groups: pl.DataFrame
    left_out: pl.DataFrame


def classify(
    con: duckdb.DuckDBPyConnection, *, non_commercial: bool, indicators: Iterable[str] = ()
) -> Classified:
    """Make temporary table `export_cells`: the fact with `row_group` and `terms`, refusals out.

    A cell that merely repeats a term (a published figure passed on) is the publisher's own; one
    that is computed from several is not.

    Raises:
        ConfigError: there is no such indicator.
    """
    con.execute(
        """
        create or replace temp table export_snapshots as
        select s.snapshot_id, s.source_id, s.part, s.source_version, s.licence_id, s.licence_title,
            s.attribution, coalesce(l.url, '') as licence_url,
            coalesce(l.non_commercial, false) as non_commercial,
            coalesce(l.share_alike, false) as share_alike,
            coalesce(l.redistribute_raw, false) as redistribute_raw,
            l.licence_id is null or l.licence_id = 'as-stated' as is_as_stated
        from meta.source_snapshot as s
        left join reference.licence as l
            on s.source_id = l.source_id and s.licence_id = l.licence_id
        """
    )
    con.execute(
        f"""
        create or replace temp table export_groups as
        with lists as (
            select distinct source_ids from {FACT}
        ),
        members as (
            select lists.source_ids, s.*
            from lists
            inner join (
                select source_ids, unnest(source_ids) as snapshot_id from lists
            ) as ids using (source_ids)
            inner join export_snapshots as s using (snapshot_id)
        ),
        described as (
            select source_ids,
                bool_or(non_commercial) as non_commercial,
                bool_or(not redistribute_raw and not is_as_stated) as is_restricted,
                bool_or(is_as_stated) as is_as_stated,
                bool_or(share_alike) as share_alike,
                string_agg(distinct licence_id, ' + ' order by licence_id) as licences,
                string_agg(distinct licence_url, ' ' order by licence_url) as licence_urls,
                string_agg(
                    distinct attribution || ' [' || licence_id || ']', '; '
                    order by attribution || ' [' || licence_id || ']'
                ) as attribution,
                string_agg(distinct source_id, ' + ' order by source_id) as sources
            from members
            group by source_ids
        )
        select lists.source_ids,
            coalesce(described.non_commercial, false) as non_commercial,
            coalesce(described.is_restricted, false) as is_restricted,
            coalesce(described.is_as_stated, false) as is_as_stated,
            coalesce(described.share_alike, false) as share_alike,
            coalesce(described.licences, 'none') as licences,
            coalesce(described.licence_urls, '') as licence_urls,
            coalesce(described.attribution, 'clusterkpi: no landed source covers these cells')
                as attribution,
            coalesce(described.sources, 'none') as sources,
            'g' || lpad(cast(dense_rank() over (
                order by coalesce(described.attribution, '')
            ) as varchar), 4, '0') as row_group
        from lists
        left join described using (source_ids)
        """
    )
    con.execute(
        f"""
        create or replace temp table export_cells as
        select f.*, g.row_group,
            case
                when g.non_commercial then '{Terms.NON_COMMERCIAL}'
                when g.is_restricted and list_contains(map_values(f.components), f.value)
                    then '{Terms.REFUSED}'
                when g.is_restricted then '{Terms.DERIVED_ONLY}'
                when g.is_as_stated then '{Terms.AS_STATED}'
                when g.share_alike then '{Terms.SHARE_ALIKE}'
                else '{Terms.OPEN}'
            end as terms
        from {FACT} as f
        left join export_groups as g on f.source_ids = g.source_ids
        where {_chosen(con, indicators)}
        """
    )
    refused = [Terms.REFUSED] if non_commercial else [Terms.REFUSED, Terms.NON_COMMERCIAL]
    names = ", ".join(f"'{name}'" for name in refused)
    left_out = con.sql(
        f"""
        select c.indicator_id, c.basis, c.terms, g.licences, count(*) as cells_count
        from export_cells as c
        inner join (select distinct row_group, licences from export_groups) as g using (row_group)
        where c.terms in ({names})
        group by all
        order by all
        """
    ).pl()
    left_out = left_out.with_columns(
        pl.col("terms").replace_strict({k.value: v for k, v in ABOUT.items()}).alias("reason")
    )
    con.execute(f"delete from export_cells where terms in ({names})")
    groups = con.sql(
        """
        select c.row_group, c.terms, g.licences, g.licence_urls, g.sources, g.attribution,
            count(*) as cells_count
        from export_cells as c
        inner join (
            select distinct row_group, licences, licence_urls, sources, attribution
            from export_groups
        ) as g using (row_group)
        group by all
        order by 1, 2
        """
    ).pl()
    return Classified(groups, left_out)


def _chosen(con: duckdb.DuckDBPyConnection, indicators: Iterable[str]) -> str:
    wanted = sorted(set(indicators))
    if not wanted:
        return "true"
    rows = con.execute("select indicator_id from marts.dim_indicator").fetchall()
    known = {str(row[0]) for row in rows}
    if unknown := sorted(set(wanted) - known):
        near = [name for u in unknown for name in difflib.get_close_matches(u, sorted(known), n=3)]
        meant = f"is {' or '.join(dict.fromkeys(near))} meant? " if near else ""
        raise ConfigError(
            f"no indicator {', '.join(unknown)}; {meant}There are {', '.join(sorted(known))}"
        )
    return f"f.indicator_id in ({', '.join(repr(name) for name in wanted)})"
