"""Reading the release in service: the only SQL of the dashboards.

A connection is cached by the path of the release file, a frame by that path and its query. A
release is never changed in place, so that both stay right for ever; the next rerun after a
publish resolves the symlink anew and sees the new file.

Belongs here: queries, one function each, that return frames. Does not belong here: layout,
number formats, charts.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import streamlit as st

from pipelines import warehouse
from pipelines.settings import Settings, load_settings


@dataclass(frozen=True)
class Release:
    """The release that a page shows."""

    home: Path
    path: Path
    release_id: str
    built_at: datetime
    profile: str
    is_synthetic: bool
    notice: str
    software_version: str
    git_commit: str


@dataclass(frozen=True)
class Slice:
    """What a page looks at: one indicator on one basis, so that bases cannot be pooled."""

    indicator_id: str
    basis: str
    cluster_id: str = "all"


@st.cache_resource(max_entries=4, show_spinner=False, on_release=lambda con: con.close())
def _connection(path: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True)


@st.cache_data(max_entries=400, show_spinner=False)
def _frame(path: str, sql: str, parameters: tuple[object, ...]) -> pl.DataFrame:
    # A cursor of its own for each query: sessions run in threads, a connection is not theirs.
    with _connection(path).cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        return cursor.sql(sql, params=list(parameters)).pl()


def _query(release: Release, sql: str, *parameters: object) -> pl.DataFrame:
    return _frame(str(release.path), sql, parameters)


def settings() -> Settings:
    """The settings, read anew only where the environment or the `.env` file has changed."""
    given = tuple(sorted(item for item in os.environ.items() if item[0].startswith("CLUSTERKPI_")))
    file = Path(".env")
    return _settings(given, file.stat().st_mtime_ns if file.exists() else 0)


@lru_cache(maxsize=4)
def _settings(_given: tuple[tuple[str, str], ...], _changed_ns: int) -> Settings:
    return load_settings()


def release_in_service() -> Release:
    """The release that `current.duckdb` points at now.

    Raises:
        ConfigError: nothing is published yet, or a setting is not valid.
    """
    home = settings().home
    path = warehouse.current_path(home)
    sql = (
        "select release_id, built_at, profile, is_synthetic, coalesce(notice, '') as notice, "
        "software_version, git_commit from meta.release"
    )
    row = _frame(str(path), sql, ()).row(0, named=True)
    return Release(home=home, path=path, **row)


# ---------------------------------------------------------------- what there is


def guidelines(release: Release) -> pl.DataFrame:
    """The seven guidelines, in order."""
    return _query(
        release,
        "select guideline_no, guideline_id, title, sentence from reference.guidelines order by 1",
    )


def indicators(release: Release) -> pl.DataFrame:
    """Every indicator with its words: unit, direction, formula, caveat."""
    return _query(release, "select * from marts.dim_indicator order by indicator_name")


def definitions(release: Release) -> pl.DataFrame:
    """Every basis of every indicator, in words."""
    return _query(release, "select * from marts.dim_basis order by indicator_id, basis_name")


def bases(release: Release, indicator_id: str) -> pl.DataFrame:
    """The bases of an indicator that have cells, by kind of place, the widest of a kind first."""
    return _query(
        release,
        """
        select b.basis, b.basis_name, b.unit, b.description, g.geo_type,
               min(f.period) as first_period, max(f.period) as last_period
        from marts.fct_indicator_value f
        join marts.dim_basis b using (indicator_id, basis)
        join marts.dim_geo g using (geo_id)
        where f.indicator_id = ?
        group by b.basis, b.basis_name, b.unit, b.description, g.geo_type
        order by case g.geo_type when 'economy' then 1 when 'state' then 2 else 3 end, g.geo_type,
                 count(distinct f.geo_id) filter (where f.value is not null) desc, b.basis
        """,
        indicator_id,
    )


def statuses(release: Release) -> pl.DataFrame:
    """The closed list of status marks."""
    return _query(
        release,
        "select obs_status, label, has_value, description from reference.obs_status",
    )


def clusters(release: Release) -> pl.DataFrame:
    """Clusters of the taxonomy, without the row `all`."""
    return _query(
        release,
        """
        select cluster_id, cluster_name, cluster_class, technology_class
        from marts.dim_cluster where cluster_id <> 'all' order by cluster_name
        """,
    )


def clusters_with_cells(release: Release, indicator_id: str, basis: str) -> pl.DataFrame:
    """Clusters for which an indicator has cells; one row `all` where it has no clusters.

    `present` counts values that are not zero: how widespread the cluster is.
    """
    return _query(
        release,
        """
        select c.cluster_id, c.cluster_name, c.cluster_class,
               count(*) filter (f.value <> 0) as present
        from marts.fct_indicator_value f join marts.dim_cluster c using (cluster_id)
        where f.indicator_id = ? and f.basis = ?
        group by c.cluster_id, c.cluster_name, c.cluster_class order by c.cluster_name
        """,
        indicator_id,
        basis,
    )


def headline(release: Release) -> dict[str, int]:
    """Sizes of the release."""
    return _query(
        release,
        """
        select
          (select count(*) from marts.fct_indicator_value) as cells,
          (select count(value) from marts.fct_indicator_value) as values_shown,
          (select count(*) from marts.dim_indicator) as indicators,
          (select count(*) from marts.dim_geo where is_apec) as economies,
          (select count(distinct geo_id) from meta.coverage where latest_period is not null)
            as economies_with_values,
          (select count(distinct source_id) from meta.source_snapshot) as sources,
          (select count(*) from meta.check_result) as checks,
          (select count(*) from meta.check_result where not passed) as checks_failed
        """,
    ).row(0, named=True)


def coverage(release: Release) -> pl.DataFrame:
    """All 21 economies × indicators: newest period with a value, and the status that explains."""
    return _query(
        release,
        """
        select i.indicator_id, i.indicator_name, i.guideline_id, g.geo_id, g.geo_name,
               c.latest_period, coalesce(c.cells_count, 0) as cells_count,
               coalesce(c.observed_count, 0) as observed_count, c.obs_status
        from marts.dim_geo g
        cross join marts.dim_indicator i
        left join reference.guidelines n using (guideline_id)
        left join meta.coverage c on c.geo_id = g.geo_id and c.indicator_id = i.indicator_id
        where g.is_apec
          and i.indicator_id in (select indicator_id from meta.coverage)
        order by g.geo_name, n.guideline_no nulls last, i.indicator_name
        """,
    )


def coverage_matrix(release: Release) -> pl.DataFrame:
    """Every indicator of the catalogue × 21 economies: the newest period, the status, the reason.

    `value` is that of the newest period where the indicator has no clusters.
    """
    return _query(
        release,
        """
        with economies as (
          select * from marts.mart_coverage_matrix where geo_type = 'economy'
        ),
        newest as (
          select f.indicator_id, f.geo_id, f.basis, f.period, f.value, f.obs_status
          from marts.fct_indicator_value f
          semi join economies c
            on f.indicator_id = c.indicator_id and f.geo_id = c.geo_id and f.basis = c.basis
           and f.period = c.latest_period
          where f.cluster_id = 'all'
        )
        select c.indicator_id,
               coalesce(
                 i.indicator_name,
                 upper(left(c.indicator_id, 1)) || replace(substr(c.indicator_id, 2), '_', ' ')
               ) as indicator_name,
               c.block, c.is_core, c.core_no, b.role, b.is_built, b.what_fills_it, c.geo_id,
               g.geo_name, c.basis, c.latest_period, c.newest_period, c.values_count,
               c.regions_with_value_count, c.observed_at, c.coverage_status, c.reason, n.value,
               n.obs_status
        from economies c
        join marts.bridge_guideline_indicator b using (indicator_id)
        join marts.dim_geo g using (geo_id)
        left join marts.dim_indicator i using (indicator_id)
        left join newest n
          on n.indicator_id = c.indicator_id and n.geo_id = c.geo_id and n.basis = c.basis
         and n.period = c.latest_period
        order by case when c.block like 'g%' then c.block when c.block = 'structure' then 'h'
                 else 'i' end, c.core_no nulls last, indicator_name, g.geo_name
        """,
    )


def regions_covered(release: Release) -> pl.DataFrame:
    """Indicators × kinds of region: how many have a value, and the newest period."""
    return _query(
        release,
        """
        select c.indicator_id, i.indicator_name, c.block, c.is_core, c.geo_type,
               count(*) as regions, count(c.latest_period) as with_value,
               count(*) filter (where c.coverage_status = 'suppressed') as suppressed,
               max(c.latest_period) as latest_period
        from marts.mart_coverage_matrix c join marts.dim_indicator i using (indicator_id)
        where c.geo_type <> 'economy'
        group by c.indicator_id, i.indicator_name, c.block, c.is_core, c.geo_type
        order by i.indicator_name, c.geo_type
        """,
    )


# ---------------------------------------------------------------- what changed


def history(release: Release) -> pl.DataFrame:
    """Releases that this file's log tells of, newest first; the first row is this release."""
    return _query(
        release,
        """
        select seq, event, release_id, served_from, is_told, previous_release_id, cells, added,
               changed, status, terms, dropped
        from meta.release_history order by seq desc
        """,
    )


_SINCE = """
    with ends as (
      -- Wrapped, for arg_min and arg_max pass over a NULL, and the old value may be one.
      select arg_min(struct_pack(v := r.old_value), r.seq).v as old_value,
             arg_max(struct_pack(v := r.new_value), r.seq).v as new_value,
             arg_min(coalesce(r.old_obs_status, ''), r.seq) as old_status,
             arg_max(coalesce(r.new_obs_status, ''), r.seq) as new_status,
             arg_min(r.change, r.seq) as first_change, arg_max(r.change, r.seq) as last_change,
             string_agg(distinct r.reason, '+' order by r.reason) as reason,
             r.indicator_id, r.geo_id, r.cluster_id, r.period, r.basis
      from meta.revision r
      where r.seq > ? and r.change <> 'rounding'
      group by r.indicator_id, r.geo_id, r.cluster_id, r.period, r.basis
    ),
    told as (
      select *,
             case when first_change = 'added' then 'added'
                  when last_change = 'dropped' then 'dropped'
                  when old_value is distinct from new_value then 'changed'
                  when old_status <> new_status then 'status'
                  else 'terms' end as change
      from ends
      where not (first_change = 'added' and last_change = 'dropped')
    )
"""


def revisions(release: Release, seq: int) -> pl.DataFrame:
    """Cells that differ from the state after move `seq`, counted by indicator and reason."""
    return _query(
        release,
        f"""
        {_SINCE}
        select t.indicator_id, coalesce(i.indicator_name, t.indicator_id) as indicator_name,
               t.reason,
               count(*) filter (where t.change = 'added') as added,
               count(*) filter (where t.change = 'changed') as changed,
               count(*) filter (where t.change = 'status') as status,
               count(*) filter (where t.change = 'terms') as terms,
               count(*) filter (where t.change = 'dropped') as dropped,
               max(abs(t.new_value - t.old_value) / nullif(abs(t.old_value), 0))
                 filter (where t.change = 'changed') as largest_share
        from told t left join marts.dim_indicator i using (indicator_id)
        group by all order by count(*) desc, t.indicator_id, t.reason
        """,
        seq,
    )


def largest_revisions(release: Release, seq: int, limit: int) -> pl.DataFrame:
    """Cells whose value moved most since move `seq`, as a share of what it was."""
    return _query(
        release,
        f"""
        {_SINCE}
        select t.indicator_id, i.indicator_name, t.geo_id, g.geo_name, t.cluster_id,
               c.cluster_name, t.period, t.basis, t.old_value, t.new_value, t.new_status, t.reason,
               (t.new_value - t.old_value) / nullif(abs(t.old_value), 0) as moved_share
        from told t
        join marts.dim_indicator i using (indicator_id)
        join marts.dim_geo g using (geo_id)
        left join marts.dim_cluster c using (cluster_id)
        where t.change = 'changed' and t.old_value is not null and t.new_value is not null
        order by abs(moved_share) desc nulls last, t.indicator_id, t.geo_id, t.period, t.cluster_id
        limit ?
        """,
        seq,
        limit,
    )


def revision_quality(release: Release) -> pl.DataFrame:
    """How reliable first figures are, for indicators of which any was revised."""
    return _query(
        release,
        """
        select q.indicator_id, i.indicator_name, q.basis, q.source_id, q.vintages_count,
               q.cells_count, q.revised_count, q.mean_abs_revision_share, q.upward_share
        from meta.revision_quality q join marts.dim_indicator i using (indicator_id)
        where q.revised_count > 0 order by q.revised_count desc, q.indicator_id, q.basis
        """,
    )


# ---------------------------------------------------------------- figures


def series(release: Release, part: Slice, geo_type: str) -> pl.DataFrame:
    """Every place of a kind × every period of the basis; absent cells come with empty status."""
    return _query(
        release,
        """
        with cells as (
          select geo_id, period, value, value_lower, value_upper, obs_status, n_obs
          from marts.fct_indicator_value
          where indicator_id = ? and basis = ? and cluster_id = ?
        ),
        periods as (
          select distinct c.period from cells c join marts.dim_geo g using (geo_id)
          where g.geo_type = ?
        ),
        places as (
          select geo_id, geo_name, code from marts.dim_geo
          where geo_type = ?
            and (geo_type <> 'economy' or is_apec)
            and (geo_type = 'economy' or geo_id in (select geo_id from cells))
        )
        select p.geo_id, p.geo_name, p.code, t.period, c.value, c.value_lower, c.value_upper,
               coalesce(c.obs_status, '') as obs_status, c.n_obs
        from places p cross join periods t
        left join cells c on c.geo_id = p.geo_id and c.period = t.period
        order by p.geo_name, t.period
        """,
        part.indicator_id,
        part.basis,
        part.cluster_id,
        geo_type,
        geo_type,
    )


def periods(release: Release, indicator_id: str, basis: str, geo_type: str) -> list[str]:
    """Periods with cells, newest first."""
    frame = _query(
        release,
        """
        select distinct f.period
        from marts.fct_indicator_value f join marts.dim_geo g using (geo_id)
        where f.indicator_id = ? and f.basis = ? and g.geo_type = ? order by 1 desc
        """,
        indicator_id,
        basis,
        geo_type,
    )
    return frame["period"].to_list()


def cross_section(release: Release, part: Slice, geo_type: str, period: str) -> pl.DataFrame:
    """Every place of a kind in one period."""
    return _query(
        release,
        """
        select g.geo_id, g.geo_name, g.code, p.geo_name as parent_name, f.period, f.value,
               f.value_lower, f.value_upper, coalesce(f.obs_status, '') as obs_status, f.n_obs
        from marts.dim_geo g
        left join marts.dim_geo p on p.geo_id = g.parent_geo_id
        left join marts.fct_indicator_value f
          on f.geo_id = g.geo_id and f.indicator_id = ? and f.basis = ? and f.cluster_id = ?
         and f.period = ?
        where g.geo_type = ?
          and (f.geo_id is not null
               or cast(? as integer) between coalesce(g.valid_from_year, 0)
                                         and coalesce(g.valid_to_year, 9999))
        order by g.geo_name, p.geo_name
        """,
        part.indicator_id,
        part.basis,
        part.cluster_id,
        period,
        geo_type,
        period,
    )


def places(release: Release, indicator_id: str, basis: str, geo_type: str) -> pl.DataFrame:
    """Places of a kind that have cells, what they lie in, and how many values are not zero."""
    return _query(
        release,
        """
        select g.geo_id, g.geo_name, p.geo_name as parent_name,
               count(*) filter (f.value <> 0) as present
        from marts.fct_indicator_value f join marts.dim_geo g using (geo_id)
        left join marts.dim_geo p on p.geo_id = g.parent_geo_id
        where f.indicator_id = ? and f.basis = ? and g.geo_type = ?
        group by g.geo_id, g.geo_name, p.geo_name
        order by p.geo_name, g.geo_name
        """,
        indicator_id,
        basis,
        geo_type,
    )


def profile(
    release: Release, indicator_id: str, basis: str, geo_id: str, period: str
) -> pl.DataFrame:
    """All clusters of one place in one period."""
    return _query(
        release,
        """
        select c.cluster_id, c.cluster_name, c.cluster_class, f.value, f.value_lower,
               f.value_upper, coalesce(f.obs_status, '') as obs_status, f.n_obs
        from marts.dim_cluster c
        left join marts.fct_indicator_value f
          on f.cluster_id = c.cluster_id and f.indicator_id = ? and f.basis = ?
         and f.geo_id = ? and f.period = ?
        where c.cluster_id <> 'all'
        order by c.cluster_name
        """,
        indicator_id,
        basis,
        geo_id,
        period,
    )


def economies(release: Release) -> pl.DataFrame:
    """The 21 economies of APEC."""
    return _query(
        release, "select geo_id, geo_name from marts.dim_geo where is_apec order by geo_name"
    )


def newest(release: Release) -> pl.DataFrame:
    """Economies of APEC × indicators and bases without clusters: the newest value of each.

    `low` and `high` are the ends of the newest values of the basis, so that a value can be placed
    among the others; a basis without any value has no row.
    """
    return _query(
        release,
        """
        with cells as (
          select f.indicator_id, f.basis, f.geo_id, f.period, f.value, f.value_lower,
                 f.value_upper, f.obs_status,
                 row_number() over (
                   partition by f.indicator_id, f.basis, f.geo_id
                   order by f.value is null, f.period desc
                 ) as place
          from marts.fct_indicator_value f join marts.dim_geo g using (geo_id)
          where g.is_apec and f.cluster_id = 'all'
        ),
        newest as (
          select *,
                 min(value) over (partition by indicator_id, basis) as low,
                 max(value) over (partition by indicator_id, basis) as high,
                 count(value) over (partition by indicator_id, basis) as places
          from cells where place = 1
        )
        select n.indicator_id, i.indicator_name, i.guideline_id, i.direction, i.role, n.basis,
               b.basis_name, b.unit, n.geo_id, n.period, n.value, n.value_lower, n.value_upper,
               n.obs_status, n.low, n.high
        from newest n
        join marts.dim_indicator i using (indicator_id)
        join marts.dim_basis b using (indicator_id, basis)
        left join reference.guidelines g using (guideline_id)
        where n.places > 0
        order by g.guideline_no nulls last, i.indicator_name, b.basis_name, n.geo_id
        """,
    )


# ---------------------------------------------------------------- clusters in regions

# The measures of the wide mart that a page shows beside the location quotient, and the levels of
# strength, 0 (none) to 4 (top tenth): the least and the most that what is withheld allows.
_PORTFOLIO = """
    coalesce(m.is_small, false) as is_small, m.emp_count, m.emp_lower_count, m.emp_upper_count,
    m.estabs_count, m.nation_share, m.nation_share_lower, m.nation_share_upper,
    m.lq_in_class, m.lq_in_class_lower, m.lq_in_class_upper, m.slq, m.p_value,
    case when m.geo_id is null then null when m.is_strong10 then 4 when m.is_strong then 3
         when m.is_significant then 2 when m.is_qualifying then 1 else 0 end as strength_least,
    case when m.geo_id is null then null when coalesce(m.is_strong10, true) then 4
         when coalesce(m.is_strong, true) then 3 when coalesce(m.is_significant, true) then 2
         when coalesce(m.is_qualifying, true) then 1 else 0 end as strength_most,
    m.rivalry, m.rivalry_lower, m.rivalry_upper, m.estabs_growth, m.estabs_growth_lower,
    m.estabs_growth_upper, m.sme_estabs_share, m.sme_estabs_share_lower, m.sme_estabs_share_upper
"""


def region_levels(release: Release) -> pl.DataFrame:
    """Kinds of region that have clusters, and their periods, newest first."""
    return _query(
        release,
        """
        select geo_type, period, count(distinct geo_id) as places_count
        from marts.region_cluster group by geo_type, period
        order by case geo_type when 'state' then 1 when 'county' then 2 else 3 end,
                 geo_type, period desc
        """,
    )


def regions(release: Release, geo_type: str) -> pl.DataFrame:
    """Regions of a kind with clusters, what they lie in, and their jobs in the newest year."""
    return _query(
        release,
        """
        with sizes as (
          select geo_id, sum(coalesce(emp_count, emp_lower_count)) as emp_least_count
          from marts.region_cluster
          where geo_type = ? and scheme = 'clusterkpi' and period = (
            select max(period) from marts.region_cluster where geo_type = ?)
          group by geo_id
        )
        select g.geo_id, g.geo_name, p.geo_name as parent_name, s.emp_least_count
        from marts.dim_geo g
        left join marts.dim_geo p on p.geo_id = g.parent_geo_id
        left join sizes s on s.geo_id = g.geo_id
        where g.geo_id in (select distinct geo_id from marts.region_cluster where geo_type = ?)
        order by p.geo_name nulls first, g.geo_name
        """,
        geo_type,
        geo_type,
        geo_type,
    )


def region_cross_section(release: Release, part: Slice, geo_type: str, period: str) -> pl.DataFrame:
    """Every region of a kind in one period: location quotient of a basis, and the wide mart.

    Regions in which the cluster does not exist have a row of the fact (Z) and none of the mart.
    """
    return _query(
        release,
        f"""
        select g.geo_id, g.geo_name, g.code, p.geo_name as parent_name, f.period, f.value,
               f.value_lower, f.value_upper, coalesce(f.obs_status, '') as obs_status, f.n_obs,
               {_PORTFOLIO}
        from marts.dim_geo g
        left join marts.dim_geo p on p.geo_id = g.parent_geo_id
        left join marts.fct_indicator_value f
          on f.geo_id = g.geo_id and f.indicator_id = ? and f.basis = ? and f.cluster_id = ?
         and f.period = ?
        left join marts.region_cluster m
          on m.geo_id = g.geo_id and m.cluster_id = ? and m.period = ?
        where g.geo_type = ?
          and (f.geo_id is not null
               or cast(? as integer) between coalesce(g.valid_from_year, 0)
                                         and coalesce(g.valid_to_year, 9999))
        order by g.geo_name, p.geo_name
        """,
        part.indicator_id,
        part.basis,
        part.cluster_id,
        period,
        part.cluster_id,
        period,
        geo_type,
        period,
    )


def quotient_basis(geo_type: str) -> str:
    """Basis of the location quotient that a kind of region has."""
    return {
        "nuts2": "eurostat_employment",
        "au_state": "abs_employment",
        "au_sa4": "abs_employment",
        "nz_region": "statsnz_establishments",
        "jp_prefecture": "estat_employment",
    }.get(geo_type, "cbp_employment")


def region_portfolio(release: Release, geo_id: str, basis: str, period: str) -> pl.DataFrame:
    """All clusters of one region in one period: location quotient of a basis, wide mart.

    Outside the United States only what the region has a row of: most taxonomies have none there.
    """
    return _query(
        release,
        f"""
        select c.cluster_id, c.cluster_name, c.cluster_class, c.scheme, f.value, f.value_lower,
               f.value_upper, coalesce(f.obs_status, '') as obs_status, {_PORTFOLIO}
        from marts.dim_cluster c
        left join marts.fct_indicator_value f
          on f.cluster_id = c.cluster_id and f.indicator_id = 'location_quotient'
         and f.basis = ? and f.geo_id = ? and f.period = ?
        left join marts.region_cluster m
          on m.cluster_id = c.cluster_id and m.geo_id = ? and m.period = ?
        where f.geo_id is not null or m.geo_id is not null
          or (c.cluster_class is not null and ? = 'cbp_employment')
        order by c.cluster_name
        """,
        basis,
        geo_id,
        period,
        geo_id,
        period,
        basis,
    )


def region_history(release: Release, geo_id: str, cluster_id: str) -> pl.DataFrame:
    """One cluster of one region over the years: employment and establishments, with bounds."""
    return _query(
        release,
        """
        select period, emp_count, emp_lower_count, emp_upper_count, estabs_count,
               lq_in_class, lq_in_class_lower, lq_in_class_upper, obs_status
        from marts.region_cluster where geo_id = ? and cluster_id = ? order by period
        """,
        geo_id,
        cluster_id,
    )


def missing_links(release: Release, geo_id: str) -> pl.DataFrame:
    """Suppliers that clusters of one region buy from and that it lacks, heaviest first."""
    return _query(
        release,
        """
        select l.cluster_id, c.cluster_name, l.period, l.supplier_code_bea, l.supplier_name,
               l.weight, l.cilq, l.cilq_lower, l.cilq_upper, l.is_sure, l.import_share,
               l.io_year, l.is_small, l.snapshot_id
        from marts.missing_link l join marts.dim_cluster c using (cluster_id)
        where l.geo_id = ?
        order by c.cluster_name, l.weight desc, l.supplier_name
        """,
        geo_id,
    )


def relatedness(release: Release, geo_id: str, period: str) -> pl.DataFrame:
    """Share of what is near each cluster in which a region is strong; empty for other kinds."""
    return _query(
        release,
        """
        select f.cluster_id, f.value, f.value_lower, f.value_upper, f.obs_status
        from marts.fct_indicator_value f
        where f.indicator_id = 'relatedness_density' and f.basis = 'cbp_employment'
          and f.geo_id = ? and f.period = ?
        """,
        geo_id,
        period,
    )


def found_together(release: Release, period: str) -> pl.DataFrame:
    """Pairs of traded clusters: how often both are specialised in one economic area.

    The smaller of the two conditional probabilities, over the areas in which it is known of both
    clusters whether their location quotient is at least 1 (Hidalgo et al. 2007). NULL where one
    of them is nowhere present among those areas.
    """
    return _query(
        release,
        """
        with cells as (
          select f.geo_id, f.cluster_id, c.scheme,
                 case when f.value >= 1 or f.value_lower >= 1 then 1 else 0 end as is_present
          from marts.fct_indicator_value f
          join marts.dim_geo g using (geo_id)
          join marts.dim_cluster c using (cluster_id)
          where f.indicator_id = 'location_quotient' and f.basis = 'cbp_employment'
            and f.period = ? and g.geo_type = 'economic_area' and c.cluster_class = 'traded'
            and (f.value is not null or f.value_lower >= 1 or f.value_upper < 1)
        ),
        pairs as (
          select a.cluster_id, b.cluster_id as other_id, sum(a.is_present * b.is_present) as both,
                 greatest(sum(a.is_present), sum(b.is_present)) as more,
                 least(sum(a.is_present), sum(b.is_present)) as fewer, count(*) as areas_count
          from cells a join cells b on a.geo_id = b.geo_id and a.scheme = b.scheme
           and a.cluster_id <> b.cluster_id
          group by a.cluster_id, b.cluster_id
        )
        select p.cluster_id, p.other_id, c.cluster_name as other_name, p.areas_count,
               case when p.fewer > 0 then p.both / p.more end as proximity
        from pairs p join marts.dim_cluster c on c.cluster_id = p.other_id
        order by p.cluster_id, proximity desc nulls last, p.other_id
        """,
        period,
    )


# ---------------------------------------------------------------- exports by cluster


def exports_by_cluster(release: Release, geo_id: str, period: str) -> pl.DataFrame:
    """Every cell of one economy and period that comes from bilateral exports, by cluster.

    `exports_kusd` is the cluster's exports, where the cell's terms name them.
    """
    return _query(
        release,
        """
        select f.indicator_id, i.indicator_name, f.basis, b.basis_name, b.unit, f.cluster_id,
               c.cluster_name, f.period, f.value, f.value_lower, f.value_upper, f.obs_status,
               f.n_obs, f.components['cluster_exports_kusd'] as exports_kusd
        from marts.fct_indicator_value f
        join marts.dim_indicator i using (indicator_id)
        join marts.dim_basis b using (indicator_id, basis)
        join marts.dim_cluster c using (cluster_id)
        where f.geo_id = ? and f.period = ? and starts_with(f.basis, 'baci_')
        order by i.indicator_name, f.basis, c.cluster_name
        """,
        geo_id,
        period,
    )


def cluster_complexity(release: Release, period: str) -> pl.DataFrame:
    """Complexity of each cluster that exports goods: its headings' PCI, by their world exports.

    A heading belongs to the cluster of its four digits, or else of its first two; single lines
    that the taxonomy moves elsewhere stay with their heading.
    """
    return _query(
        release,
        """
        with headings as (
          select product_code_hs4, pci, world_exports_kusd from marts.product_complexity
          where period = ? and pci is not null
        ),
        industries as (
          select industry_code, cluster_id from reference.cluster_industry
          where industry_scheme = 'HS' and scheme = 'clusterkpi'
        ),
        matched as (
          select h.pci, h.world_exports_kusd, coalesce(f.cluster_id, t.cluster_id) as cluster_id
          from headings h
          left join industries f on f.industry_code = h.product_code_hs4
          left join industries t on t.industry_code = substr(h.product_code_hs4, 1, 2)
        )
        select cluster_id, count(*) as headings_count,
               sum(pci * world_exports_kusd) / nullif(sum(world_exports_kusd), 0) as pci
        from matched where cluster_id is not null
        group by cluster_id order by cluster_id
        """,
        period,
    )


def headings(release: Release, period: str) -> pl.DataFrame:
    """Headings of the Harmonised System: complexity, ubiquity, world exports."""
    return _query(
        release,
        """
        select product_code_hs4, hs_revision, pci, ubiquity_count, economies_count,
               exporters_count, world_exports_kusd, obs_status
        from marts.product_complexity where period = ? order by product_code_hs4
        """,
        period,
    )


# ---------------------------------------------------------------- families of indicators


def enclave_quadrant(release: Release) -> pl.DataFrame:
    """Foreign investment against own technology, every economy and year that has both."""
    return _query(
        release,
        """
        select q.geo_id, g.geo_name, q.period, q.fdi_z, q.indigenous_z, q.enclave_gap,
               q.quadrant_no, q.quadrant, q.obs_status
        from marts.mart_enclave_quadrant q join marts.dim_geo g using (geo_id)
        order by g.geo_name, q.period
        """,
    )


def adoption_by_size(release: Release, basis: str) -> pl.DataFrame:
    """Share of large and of small and medium enterprises that sell online, and the lag in years."""
    return _query(
        release,
        """
        select g.geo_id, g.geo_name, f.period, f.components['large_pct'] as large_pct,
               f.components['sme_pct'] as sme_pct, f.value as gap, f.obs_status as gap_status,
               l.value as lag, l.value_lower as lag_lower, l.value_upper as lag_upper,
               coalesce(l.obs_status, '') as lag_status
        from marts.fct_indicator_value f
        join marts.dim_geo g using (geo_id)
        left join marts.fct_indicator_value l
          on l.indicator_id = 'sme_followership_lag' and l.basis = f.basis
         and l.geo_id = f.geo_id and l.period = f.period
        where f.indicator_id = 'sme_ecommerce_gap' and f.basis = ? and g.is_apec
        order by g.geo_name, f.period
        """,
        basis,
    )


def interactions(release: Release) -> pl.DataFrame:
    """Does broadband go with more growth where a cluster is: estimates and their placebos."""
    return _query(
        release,
        """
        select f.basis, b.basis_name, b.unit, f.geo_id, g.geo_name, f.period, f.value,
               f.value_lower, f.value_upper, f.obs_status, f.n_obs,
               f.components['p_value'] as p_value,
               f.components['effect_of_broadband_at_lq_p25'] as effect_at_lq_p25,
               f.components['effect_of_broadband_at_lq_p75'] as effect_at_lq_p75,
               ends_with(f.basis, '_placebo') as is_placebo
        from marts.fct_indicator_value f
        join marts.dim_geo g using (geo_id)
        join marts.dim_basis b using (indicator_id, basis)
        where f.indicator_id = 'ict_cluster_interaction' and f.obs_status <> 'L'
        order by f.period desc, b.basis_name
        """,
    )


def business_dynamics(release: Release, cut: str, period: str) -> pl.DataFrame:
    """Entry and exit of establishments of every region of a cut in one year."""
    return _query(
        release,
        """
        select d.geo_id, g.geo_name, p.geo_name as parent_name, d.period, d.estabs_count,
               d.entry_rate_pct, d.exit_rate_pct, d.churn_rate_pct, d.obs_status
        from marts.business_dynamics d
        join marts.dim_geo g using (geo_id)
        left join marts.dim_geo p on p.geo_id = g.parent_geo_id
        where d.cut = ? and d.period = ? and d.sector_code_naics is null
        order by g.geo_name, p.geo_name
        """,
        cut,
        period,
    )


def dynamics_periods(release: Release) -> pl.DataFrame:
    """Cuts of the business dynamics by region, and their years, newest first."""
    return _query(
        release,
        """
        select cut, period from marts.business_dynamics
        where cut in ('state', 'county', 'cbsa')
        group by cut, period
        order by case cut when 'state' then 1 when 'county' then 2 else 3 end, period desc
        """,
    )


def entry_by_sector(release: Release, period: str) -> pl.DataFrame:
    """Entry and exit by sector in the nation: sums over states, of mean establishments.

    Last March's establishments are this March's without the entrants and with those that left.
    """
    return _query(
        release,
        """
        with cells as (
          select sector_code_naics, estabs_entry_count, estabs_exit_count,
                 estabs_count - (estabs_entry_count - estabs_exit_count) / 2.0 as mean_count
          from marts.business_dynamics
          where cut = 'state_sector' and period = ?
            and estabs_count is not null and estabs_entry_count is not null
            and estabs_exit_count is not null
        )
        select sector_code_naics, sum(estabs_entry_count) as entry_count,
               sum(estabs_exit_count) as exit_count, sum(mean_count) as mean_count,
               100.0 * sum(estabs_entry_count) / nullif(sum(mean_count), 0) as entry_rate_pct,
               100.0 * sum(estabs_exit_count) / nullif(sum(mean_count), 0) as exit_rate_pct
        from cells
        group by sector_code_naics order by sector_code_naics
        """,
        period,
    )


def rivalry_by_cluster(release: Release, geo_type: str, period: str) -> pl.DataFrame:
    """How local competition is spread over the regions of each cluster; small cells left out."""
    return _query(
        release,
        """
        select c.cluster_id, c.cluster_name, c.cluster_class, count(m.rivalry) as regions_count,
               count(*) - count(m.rivalry) as withheld_count,
               quantile_cont(m.rivalry, 0.25) as quarter, median(m.rivalry) as middle,
               quantile_cont(m.rivalry, 0.75) as three_quarters,
               median(m.rivalry) filter (m.is_strong) as middle_strong
        from marts.region_cluster m join marts.dim_cluster c using (cluster_id)
        where m.geo_type = ? and m.period = ? and not m.is_small
        group by c.cluster_id, c.cluster_name, c.cluster_class
        having count(m.rivalry) > 0 order by c.cluster_name
        """,
        geo_type,
        period,
    )


# ---------------------------------------------------------------- where figures come from


def snapshots(release: Release) -> pl.DataFrame:
    """Every part of every source in the release, with the last check, which may be younger.

    A night with nothing new publishes nothing, so that the file's own clock would stand still.
    """
    frame = _query(
        release,
        """
        select source_id, source_name, part, snapshot_id, source_version, url, last_checked_at,
               source_changed_at, retrieved_at, reference_period_first, reference_period_last,
               rows_landed, rows_promoted, rows_quarantined, licence_id, licence_title,
               attribution, is_synthetic
        from meta.source_snapshot order by source_id, part
        """,
    )
    checks = warehouse.last_checked(release.home)
    records = [
        checks.get(f"{row[0]}/{row[1]}", {}) for row in frame.select("source_id", "part").rows()
    ]
    checked = [
        max(filter(None, (published, _stamp(record))), default=None)
        for published, record in zip(frame["last_checked_at"], records, strict=True)
    ]
    return frame.with_columns(
        pl.Series("last_checked_at", checked, dtype=pl.Datetime("us", "UTC")),
        pl.Series("last_step", [record.get("step", "") for record in records], dtype=pl.String),
        pl.Series("last_detail", [record.get("detail", "") for record in records], dtype=pl.String),
    )


def snapshots_behind(
    release: Release, indicator_id: str, basis: str, period: str | None = None
) -> pl.DataFrame:
    """The parts from which the cells of one indicator on one basis were made.

    Args:
        release: the release.
        indicator_id: indicator.
        basis: basis.
        period: only cells of this period.
    """
    used = _query(
        release,
        """
        select distinct unnest(source_ids) as snapshot_id from marts.fct_indicator_value
        where indicator_id = ? and basis = ? and (? is null or period = ?)
        """,
        indicator_id,
        basis,
        period,
        period,
    )
    return snapshots(release).join(used, on="snapshot_id", how="semi")


def by_source(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts summed up to one row a source: the newest clocks, the widest reference period."""
    return (
        parts.group_by("source_id", "source_name", maintain_order=True)
        .agg(
            pl.len().alias("parts"),
            pl.col("last_checked_at").max(),
            pl.col("source_changed_at").max(),
            pl.col("reference_period_first").min(),
            pl.col("reference_period_last").max(),
            pl.col("rows_landed", "rows_promoted", "rows_quarantined").sum(),
            pl.col("licence_title", "attribution")
            .drop_nulls()
            .unique(maintain_order=True)
            .str.join("; "),
        )
        .sort("source_id")
    )


def checks(release: Release) -> pl.DataFrame:
    """Every check of the release, failed ones first."""
    return _query(
        release,
        """
        select passed, severity, owner, subject, check_name, observed, expected, rows_failed
        from meta.check_result order by passed, severity, owner, subject, check_name
        """,
    )


def quarantine(release: Release) -> pl.DataFrame:
    """Rows held back because they break a contract, with an example of each rule."""
    return _query(
        release,
        """
        select snapshot_id, table_name, rule, column_name, rows_count, first_row_no, reason
        from meta.quarantine_summary order by rows_count desc, snapshot_id, rule
        """,
    )


def columns(release: Release) -> pl.DataFrame:
    """Every public table with its columns, types and comments."""
    return _query(
        release,
        """
        select c.schema_name as table_schema, c.table_name, t.comment as table_comment,
               c.column_name, lower(c.data_type) as data_type, coalesce(c.comment, '') as comment
        from duckdb_columns() c
        join (
          select database_name, schema_name, table_name, comment from duckdb_tables()
          union all
          select database_name, schema_name, view_name, comment from duckdb_views()
          where not internal
        ) t using (database_name, schema_name, table_name)
        where c.schema_name in ('marts', 'reference', 'meta') and not c.internal
        order by case c.schema_name when 'marts' then 1 when 'reference' then 2 else 3 end,
                 c.table_name, c.column_index
        """,
    )


# ---------------------------------------------------------------- the passport of a number


@dataclass(frozen=True)
class Cell:
    """The key of one number."""

    indicator_id: str
    geo_id: str
    period: str
    basis: str
    cluster_id: str = "all"

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """In the order in which the macros of the release take it."""
        return self.indicator_id, self.geo_id, self.period, self.cluster_id, self.basis


_OF_CELL = "(?, ?, ?, cluster := ?, basis := ?)"


def has_passports(release: Release) -> bool:
    """Whether the release has the macros that tell of a cell; one of an earlier version has not."""
    names = _query(
        release,
        "select distinct function_name from duckdb_functions() "
        "where schema_name = 'marts' and not internal",
    )["function_name"]
    wanted = {"passport", "passport_terms", "passport_checks", "passport_corrections", "vintages"}
    return wanted <= set(names)


def geo_type(release: Release, geo_id: str) -> str | None:
    """What kind of place an id stands for; None: it stands for nothing."""
    found = _query(release, "select geo_type from marts.dim_geo where geo_id = ?", geo_id)
    return None if found.is_empty() else str(found["geo_type"][0])


def cell_periods(release: Release, part: Slice, geo_id: str) -> pl.DataFrame:
    """Periods of one place in a slice, newest first, and whether there is a value."""
    return _query(
        release,
        """
        select period, value is not null as has_value from marts.fct_indicator_value
        where indicator_id = ? and basis = ? and cluster_id = ? and geo_id = ?
        order by period desc
        """,
        part.indicator_id,
        part.basis,
        part.cluster_id,
        geo_id,
    )


def passport(release: Release, cell: Cell) -> dict[str, Any] | None:
    """The cell with its words, formula and model; None where the release has no such cell."""
    found = _query(release, f"from marts.passport{_OF_CELL}", *cell.key)
    return None if found.is_empty() else found.row(0, named=True)


def passport_terms(release: Release, cell: Cell) -> pl.DataFrame:
    """The named terms of a cell, in their order, each with the ids of its snapshots."""
    return _query(
        release,
        f"""
        select t.place, t.term, t.term_name, t.value, t.unit, t.link, t.made_of, t.summed_over,
               t.raw_table,
               coalesce(list(t.snapshot_id order by t.snapshot_id)
                        filter (where t.snapshot_id is not null), []) as snapshot_ids
        from marts.passport_terms{_OF_CELL} as t
        group by all order by t.place
        """,
        *cell.key,
    )


def passport_snapshots(release: Release, ids: Sequence[str]) -> pl.DataFrame:
    """The vintages that a cell was read from, with the hashes of their bytes."""
    hashes = _query(
        release,
        "select snapshot_id, entity_sha256, canonical_sha256 from meta.source_snapshot "
        "where list_contains(?, snapshot_id)",
        list(ids),
    )
    return snapshots(release).join(hashes, on="snapshot_id", how="inner")


def passport_checks(release: Release, cell: Cell) -> pl.DataFrame:
    """The checks between a cell and its raw rows, failed ones first."""
    return _query(
        release,
        f"""
        select c.passed, c.severity, c.owner, c.subject, c.check_name, c.observed, c.expected
        from marts.passport_checks{_OF_CELL} as c
        order by c.passed, c.severity, c.owner, c.subject, c.check_name
        """,
        *cell.key,
    )


def passport_corrections(release: Release, cell: Cell, ids: Sequence[str]) -> pl.DataFrame:
    """Corrections of publishers' errors that went into a cell.

    Args:
        release: the release.
        cell: the cell.
        ids: its snapshots; the macro, which is slow, is only asked if any of them was corrected.
    """
    made = _query(release, "from meta.correction_applied where cells_count > 0")
    if made.filter(pl.col("snapshot_id").is_in(list(ids))).is_empty():
        return made.clear()
    return _query(release, f"from marts.passport_corrections{_OF_CELL}", *cell.key)


def vintages(release: Release, cell: Cell) -> pl.DataFrame:
    """Every figure that was ever served for a cell, as far back as the release can tell."""
    return _query(
        release,
        """
        select v.release_id, v.served_from, v.value, v.obs_status, v.change, v.reason
        from marts.vintages(?, ?, cluster := ?, basis := ?) as v
        where v.period = ? order by v.served_from, v.release_id
        """,
        cell.indicator_id,
        cell.geo_id,
        cell.cluster_id,
        cell.basis,
        cell.period,
    )


def _stamp(record: dict[str, str]) -> datetime | None:
    text = record.get("last_checked_at")
    return datetime.fromisoformat(text) if text else None
