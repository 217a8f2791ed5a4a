"""Macros that a reader calls in the published file: the past, and where a number comes from.

Macros are kept as text and bound when they are called, so that they survive the copy into a
release, and every client of its storage version can call them. They name tables without a
database: a reader who attached the file says `use` first.

Belongs here: their SQL. Does not belong here: filling the tables that they read (`timeline`).
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from pipelines import history
from pipelines.history import COLUMNS, FACT, KEY


def _of(table: str, columns: Iterable[str]) -> str:
    return ", ".join(f"{table}.{column}" for column in columns)


def _undone(column: str) -> str:
    """The oldest later change of a column says what it was; wrapped, for the old may be NULL."""
    return (
        f"arg_min(struct_pack(v := r.old_{column}), r.seq) filter "
        f"(where contains(',' || r.changed_columns || ',', ',{column},')) as {column}"
    )


def _then(column: str) -> str:
    return f"case when undone.{column} is null then f.{column} else undone.{column}.v end"


# A day means its end, in UTC; a time without an offset is UTC.
_MOMENT = r"""
macro meta.moment(moment) as (
    case
        when length(trim(cast(moment as varchar))) <= 10
            then try_cast(trim(cast(moment as varchar)) || ' 23:59:59.999999+00' as timestamptz)
        when regexp_matches(cast(moment as varchar), ':\d{2}(\.\d+)?([zZ]|[+-]\d{2}(:?\d{2})?)\s*$')
            then try_cast(trim(cast(moment as varchar)) as timestamptz)
        else try_cast(trim(cast(moment as varchar)) || '+00' as timestamptz)
    end
)
"""
_SEQ_AT = """
macro meta.seq_at(moment) as (
    select case
        when moment is null then 9223372036854775807
        when max(seq) filter (where release_id = cast(moment as varchar)) is not null
            then max(seq) filter (where release_id = cast(moment as varchar))
        when meta.moment(moment) is null
            then error('neither a day, nor a time, nor a release: ' || cast(moment as varchar))
        when max(seq) filter (where served_from <= meta.moment(moment)) is null
            then error('nothing was published yet on ' || cast(moment as varchar)
                || '; the first release is of '
                || coalesce(cast(min(served_from) as varchar), 'none'))
        else max(seq) filter (where served_from <= meta.moment(moment))
    end
    from meta.release_history
)
"""
_TOLD_SEQ_AT = """
macro meta.told_seq_at(moment) as (
    select case
        when moment is null or meta.seq_at(moment) >= min(seq) filter (where is_told)
            then meta.seq_at(moment)
        else error('the log in this file begins with release '
            || arg_min(release_id, seq) filter (where is_told)
            || ' and does not reach back to ' || cast(moment as varchar)
            || '; the state directory has all of it: clusterkpi query --as-of')
    end
    from meta.release_history
)
"""
_SNAPSHOTS_AS_OF = """
macro marts.snapshots_as_of(moment) as table
with bound as (
    select meta.told_seq_at(moment) as seq
),
undone as (
    select l.part, arg_min(struct_pack(v := l.old_snapshot_id), l.seq) as snapshot
    from meta.snapshot_log as l
    cross join bound
    where l.seq > bound.seq
    group by l.part
),
known as (
    select * from meta.source_snapshot
    union all
    select * from meta.former_snapshot
),
served as (
    select s.snapshot_id
    from meta.source_snapshot as s
    left join undone on s.source_id || '/' || s.part = undone.part
    where undone.part is null
    union all
    select undone.snapshot.v from undone where undone.snapshot.v is not null
)
select known.*
from known
inner join served on known.snapshot_id = served.snapshot_id
"""
_IDS = "coalesce(served_lists.served_ids, cells.source_ids) as source_ids"


def _as_of(signature: str, of_fact: str = "", of_revision: str = "") -> str:
    """The fact as it was; where conditions narrow it, before anything is undone."""
    return f"""
macro {signature} as table
with bound as (
    select meta.told_seq_at(moment) as seq
),
undone as (
    select {_of("r", KEY)},
        arg_min(r.change, r.seq) = 'added' as is_absent,
        {", ".join(_undone(c) for c in COLUMNS)}
    from meta.revision as r
    cross join bound
    where r.seq > bound.seq {of_revision}
    group by {_of("r", KEY)}
),
cells as (
    select {_of("f", KEY)}, {", ".join(f"{_then(c)} as {c}" for c in COLUMNS)}
    from {FACT} as f
    left join undone using ({", ".join(KEY)})
    where (undone.is_absent is null or not undone.is_absent) {of_fact}
    union all
    select {_of("undone", KEY)}, {", ".join(f"undone.{c}.v" for c in COLUMNS)}
    from undone
    anti join {FACT} as f using ({", ".join(KEY)})
    where not undone.is_absent
),
served as (
    select source_id || '/' || part as part, snapshot_id from marts.snapshots_as_of(moment)
),
lists as (
    select distinct source_ids from cells where len(source_ids) > 0
),
ids as (
    select source_ids, unnest(source_ids) as snapshot_id,
        unnest(generate_series(1, len(source_ids))) as place
    from lists
),
served_lists as (
    select ids.source_ids,
        list(coalesce(served.snapshot_id, ids.snapshot_id) order by ids.place) as served_ids
    from ids
    left join served on regexp_replace(ids.snapshot_id, '@[^@]*$', '') = served.part
    group by ids.source_ids
)
select {_of("cells", KEY)},
    {", ".join(_IDS if c == "source_ids" else f"cells.{c}" for c in COLUMNS)}
from cells
left join served_lists on cells.source_ids = served_lists.source_ids
"""


_CELL = (
    "and {0}.indicator_id = indicator and {0}.geo_id = geo and {0}.period = period "
    "and {0}.cluster_id = cluster and (basis is null or {0}.basis = basis)"
)

# Three clocks stand on every snapshot: last checked (by the time of the build; `last_checked.json`
# beside the releases knows later ones), last changed at source, reference period.
_PASSPORT = """
macro marts.passport(indicator, geo, period, cluster := 'all', basis := null, as_of := null)
as table
select
    f.indicator_id, i.indicator_name, f.geo_id, g.geo_name, f.cluster_id, c.cluster_name, f.period,
    f.basis, b.basis_name, b.unit, b.description as basis_description,
    f.value, f.value_lower, f.value_upper, f.obs_status, s.label as obs_status_label,
    s.description as obs_status_description, f.n_obs, f.components, f.source_ids,
    f.method_version, i.method_version as method_version_now,
    i.formula, i.interpretation, i.caveat, i.reference, i.sql_model,
    code.raw_tables, r.is_synthetic, r.notice
from meta.cell_as_of(indicator, geo, period, cluster, basis, as_of) as f
cross join meta.release as r
left join marts.dim_indicator as i on f.indicator_id = i.indicator_id
left join marts.dim_basis as b on f.indicator_id = b.indicator_id and f.basis = b.basis
left join marts.dim_geo as g on f.geo_id = g.geo_id
left join marts.dim_cluster as c on f.cluster_id = c.cluster_id
left join reference.obs_status as s on f.obs_status = s.obs_status
left join meta.indicator_code as code on f.indicator_id = code.indicator_id
order by f.basis
"""
_PASSPORT_TERMS = """
macro marts.passport_terms(indicator, geo, period, cluster := 'all', basis := null, as_of := null)
as table
with recursive cells as (
    select p.basis as basis_id, p.period as period_id, p.components, p.source_ids
    from meta.cell_as_of(indicator, geo, period, cluster, basis, as_of) as p
),
entries as (
    select cells.basis_id, cells.period_id, cells.source_ids,
        unnest(map_entries(cells.components)) as entry,
        unnest(generate_series(1, cardinality(cells.components)::bigint)) as place
    from cells
),
stated as (
    select d.* from marts.dim_term as d where d.indicator_id = indicator
),
terms as (
    select entries.basis_id, entries.period_id, entries.source_ids, entries.place,
        entries.entry.key as term, entries.entry.value as value,
        stated.term_name, stated.unit, stated.raw_table, stated.rows_filter,
        coalesce(stated.summed_over, []) as summed_over,
        coalesce(stated.made_of, []) as made_of,
        coalesce(stated.series, []) as series
    from entries
    left join stated
        on entries.entry.key = stated.term
        and (stated.basis = 'all' or stated.basis = entries.basis_id)
),
-- A term that is made of others has the snapshots of those.
leaves as (
    select terms.basis_id, terms.term, terms.term as leaf from terms
    union
    select leaves.basis_id, leaves.term, unnest(terms.made_of) as leaf
    from leaves
    inner join terms on leaves.leaf = terms.term and leaves.basis_id = terms.basis_id
    where len(terms.made_of) > 0
),
ids as (
    select distinct cells.basis_id, unnest(cells.source_ids) as snapshot_id from cells
),
own as (
    select terms.basis_id, terms.term as leaf, ids.snapshot_id,
        len(list_filter(
            terms.series,
            lambda pattern: regexp_replace(ids.snapshot_id, '@[^@]*$', '')
                glob replace(pattern, '{period}', terms.period_id)
        )) > 0 as is_stated,
        starts_with(ids.snapshot_id, 'supplement/') as is_supplement,
        len(terms.series) > 0 as is_linked
    from terms
    inner join ids on terms.basis_id = ids.basis_id
    where len(terms.made_of) = 0
),
-- Where none of the stated series is among the cell's snapshots, an office's own figure filled in.
linked as (
    select own.basis_id, own.leaf, own.snapshot_id
    from own
    left join (
        select o.basis_id, o.leaf, bool_or(o.is_stated) as is_any from own as o group by all
    ) as any_stated on own.basis_id = any_stated.basis_id and own.leaf = any_stated.leaf
    where not own.is_linked or own.is_stated or (own.is_supplement and not any_stated.is_any)
),
by_term as (
    select distinct leaves.basis_id, leaves.term, linked.snapshot_id
    from leaves
    inner join linked on leaves.leaf = linked.leaf and leaves.basis_id = linked.basis_id
)
select
    terms.basis_id as basis, terms.place, terms.term,
    coalesce(terms.term_name, replace(terms.term, '_', ' ')) as term_name,
    terms.value, terms.unit,
    case
        when len(terms.made_of) > 0 then 'made of other terms'
        when len(terms.series) > 0 then 'stated'
        else 'any snapshot of the cell'
    end as link,
    terms.made_of, terms.summed_over, terms.raw_table, terms.rows_filter,
    by_term.snapshot_id, s.source_id, s.source_name, s.part, s.source_version, s.url,
    s.entity_sha256, s.retrieved_at, s.last_checked_at, s.source_changed_at,
    s.reference_period_first, s.reference_period_last, s.licence_id, s.licence_title, s.attribution
from terms
left join by_term on terms.basis_id = by_term.basis_id and terms.term = by_term.term
left join marts.snapshots_as_of(as_of) as s on by_term.snapshot_id = s.snapshot_id
order by terms.basis_id, terms.place, by_term.snapshot_id
"""
_PASSPORT_SNAPSHOTS = """
macro marts.passport_snapshots(indicator, geo, period, cluster := 'all', basis := null,
    as_of := null) as table
with ids as (
    select distinct unnest(p.source_ids) as snapshot_id
    from meta.cell_as_of(indicator, geo, period, cluster, basis, as_of) as p
)
select s.*
from ids
inner join marts.snapshots_as_of(as_of) as s on ids.snapshot_id = s.snapshot_id
order by s.snapshot_id
"""
_PASSPORT_CHECKS = """
macro marts.passport_checks(indicator, geo, period, cluster := 'all', basis := null) as table
with recursive upstream as (
    select 'model' as kind, code.model as node
    from meta.indicator_code as code where code.indicator_id = indicator
    union
    select lineage.reads_kind, lineage.reads
    from upstream
    inner join meta.lineage as lineage
        on upstream.kind = lineage.node_kind and upstream.node = lineage.node
),
parts as (
    select s.source_id || '/' || s.part as part
    from marts.passport_snapshots(indicator, geo, period, cluster := cluster, basis := basis) as s
),
watched as (
    select lineage.node as check_id
    from meta.lineage as lineage
    inner join upstream
        on lineage.reads_kind = upstream.kind and lineage.reads = upstream.node
    where lineage.node_kind = 'check'
    union
    select lineage.node
    from meta.lineage as lineage
    where lineage.node_kind = 'check' and lineage.reads = 'fct_indicator_value'
)
select r.owner, r.subject, r.check_name, r.severity, r.passed, r.observed, r.expected,
    r.rows_failed, r.checked_at, r.check_id
from meta.check_result as r
where r.check_id in (select watched.check_id from watched)
    or r.subject in (select parts.part from parts)
    or r.subject = 'marts.fct_indicator_value'
    or r.subject in (select 'raw.' || upstream.node from upstream where upstream.kind = 'raw')
order by r.passed, r.owner, r.subject, r.check_name
"""
# A correction belongs to a cell whose snapshot it was made in and whose place and period its key
# names; to any place or period where a term sums over them.
_PASSPORT_CORRECTIONS = """
macro marts.passport_corrections(indicator, geo, period, cluster := 'all', basis := null) as table
with snapshots as (
    select s.snapshot_id
    from marts.passport_snapshots(indicator, geo, period, cluster := cluster, basis := basis) as s
),
places as (
    select unnest([g.geo_id, g.code, g.economy_code_wdi, g.economy_code_baci]) as code
    from marts.dim_geo as g where g.geo_id = geo
),
sums as (
    select coalesce(bool_or(list_contains(d.summed_over, 'geo')), false) as is_over_places,
        coalesce(bool_or(list_contains(d.summed_over, 'period')), false) as is_over_periods
    from marts.dim_term as d where d.indicator_id = indicator
)
select a.*
from meta.correction_applied as a
cross join sums
where a.cells_count > 0
    and a.snapshot_id in (select snapshots.snapshot_id from snapshots)
    and (sums.is_over_periods or list_contains(string_split(a.row_key, '|'), period))
    and (
        sums.is_over_places
        or list_has_any(string_split(a.row_key, '|'), (select list(places.code) from places))
    )
"""
_VINTAGES = f"""
macro marts.vintages(indicator, geo, cluster := 'all', basis := null) as table
with moves as (
    select r.seq, r.basis as basis_id, r.period as period_id, r.change, r.reason,
        r.changed_columns, r.old_value, r.old_obs_status, r.new_value, r.new_obs_status
    from meta.revision as r
    where r.indicator_id = indicator and r.geo_id = geo and r.cluster_id = cluster
        and (basis is null or r.basis = basis)
),
cells as (
    select f.basis as basis_id, f.period as period_id, f.value, f.obs_status
    from {FACT} as f
    where f.indicator_id = indicator and f.geo_id = geo and f.cluster_id = cluster
        and (basis is null or f.basis = basis)
),
first_moves as (
    select moves.basis_id, moves.period_id, min(moves.seq) as seq from moves group by all
),
told as (
    select min(h.seq) as seq from meta.release_history as h where h.is_told
),
-- What the oldest state that the log can tell said; nothing, where the first move adds the cell.
first_states as (
    select told.seq, coalesce(cells.basis_id, moves.basis_id) as basis_id,
        coalesce(cells.period_id, moves.period_id) as period_id,
        case when moves.seq is null then cells.value else moves.old_value end as value,
        case when moves.seq is null then cells.obs_status else moves.old_obs_status end
            as obs_status,
        'first told' as change, cast(null as varchar) as reason
    from cells
    full join (select moves.* from moves semi join first_moves using (basis_id, period_id, seq))
        as moves using (basis_id, period_id)
    cross join told
    where moves.change is null or moves.change <> 'added'
),
states as (
    select * from first_states
    union all
    select moves.seq, moves.basis_id, moves.period_id, moves.new_value, moves.new_obs_status,
        moves.change, moves.reason
    from moves
    where moves.change in ('added', 'dropped')
        or contains(moves.changed_columns, 'value') or contains(moves.changed_columns, 'obs_status')
)
select states.basis_id as basis, states.period_id as period, h.release_id, h.served_from,
    states.value, states.obs_status, states.change, states.reason
from states
inner join meta.release_history as h
    on h.seq = (select min(n.seq) from meta.release_history as n where n.seq >= states.seq)
order by states.basis_id, states.period_id, states.seq
"""

# In the order in which they need each other, each with what a reader is told of it.
MACROS: dict[str, tuple[str, str]] = {
    "meta.moment": (_MOMENT, "A day (its end), a time or a text as a point in time, UTC."),
    "meta.seq_at": (_SEQ_AT, "Move that was the last one on a day, at a time, or of a release."),
    "meta.told_seq_at": (_TOLD_SEQ_AT, "The same; an error where this file's log has no answer."),
    "marts.snapshots_as_of": (
        _SNAPSHOTS_AS_OF,
        "Snapshots in service on a day, at a time, or in a release; NULL: now.",
    ),
    "meta.cell_as_of": (
        _as_of(
            "meta.cell_as_of(indicator, geo, period, cluster, basis, moment)",
            _CELL.format("f"),
            _CELL.format("r"),
        ),
        "One cell of marts.as_of, found quickly; one row for each basis where none is named.",
    ),
    "marts.as_of": (
        _as_of("marts.as_of(moment)"),
        "The fact as it was served on a day, at a time, or in a release; NULL: now.",
    ),
    "marts.vintages": (
        _VINTAGES,
        "The vintage triangle of a place: every figure that was ever served for each period.",
    ),
    "marts.passport": (
        _PASSPORT,
        "A cell with its status, bounds, basis, formula and model; one row for each basis.",
    ),
    "marts.passport_terms": (
        _PASSPORT_TERMS,
        "The terms of a cell, each with the snapshots that it was read from.",
    ),
    "marts.passport_snapshots": (
        _PASSPORT_SNAPSHOTS,
        "The snapshots that a cell was read from: hashes, address, clocks, licence.",
    ),
    "marts.passport_corrections": (
        _PASSPORT_CORRECTIONS,
        "Corrections of publishers' errors that went into a cell.",
    ),
    "marts.passport_checks": (
        _PASSPORT_CHECKS,
        "The checks that stood between a cell and its raw rows, failed ones first.",
    ),
}


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros in the current database, with their descriptions; and one for each mart."""
    for name, (body, about) in MACROS.items():
        _make(con, name, body, about)
    catalog = str(con.execute("select current_database()").fetchall()[0][0])
    for mart, columns in history.marts(con, catalog).items():
        about = f"{mart} as it was served on a day, at a time, or in a release; NULL: now."
        _make(con, f'marts."{mart}_as_of"', _mart_as_of(mart, [name for name, _ in columns]), about)


def _make(con: duckdb.DuckDBPyConnection, name: str, body: str, about: str) -> None:
    con.execute(f"create or replace {body.strip()}")
    kind = "macro table" if "as table\n" in body else "macro"
    con.execute(f"comment on {kind} {name} is '{about.replace(chr(39), chr(39) * 2)}'")


def _mart_as_of(mart: str, columns: list[str]) -> str:
    """Whole rows: what is there now, without what came later, with what went later."""
    listed = ", ".join(f'"{name}"' for name in columns)
    return f"""
macro marts."{mart}_as_of"(moment) as table
with bound as (
    select case
        when meta.seq_at(moment) >= (select h.since from meta.mart_history as h
            where h.mart = '{mart}')
            then meta.seq_at(moment)
        else error('the log of {mart} in this file does not reach back to '
            || cast(moment as varchar)
            || '; the state directory may have it: clusterkpi query --as-of')
    end as seq
),
moves as (
    select {listed}, 1 as copies from marts."{mart}"
    union all
    select {", ".join(f'r."{name}"' for name in columns)}, -r.sign as copies
    from meta."revision_{mart}" as r
    cross join bound
    where r.seq > bound.seq
),
counted as (
    select {listed}, sum(copies) as copies from moves group by {listed}
),
rows_then as (
    select {listed}, unnest(generate_series(1, copies::bigint)) as copy_no
    from counted
    where copies > 0
)
select {listed} from rows_then
"""
