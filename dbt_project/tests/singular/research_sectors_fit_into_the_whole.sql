-- Sectors of performance are parts of one whole. Eurostat publishes all of them: their sum is the
-- total, to the rounding of its parts. Of UNESCO's shares private non-profit is not read: the sum
-- of the other three is at most 100.
with series_cells as (
    select * from {{ ref('int_economies__series_completed') }}
),

eurostat_sums as (
    select
        geo_id,
        period_year,
        max(case when series_id = 'eurostat/rd_e_gerdreg/TOTAL' then value end) as total,
        sum(
            case when series_id <> 'eurostat/rd_e_gerdreg/TOTAL' then value end
        ) as sum_of_sectors,
        count(case when series_id <> 'eurostat/rd_e_gerdreg/TOTAL' then value end) as sectors_count
    from series_cells
    where
        series_id in (
            'eurostat/rd_e_gerdreg/TOTAL',
            'eurostat/rd_e_gerdreg/BES',
            'eurostat/rd_e_gerdreg/GOV',
            'eurostat/rd_e_gerdreg/HES',
            'eurostat/rd_e_gerdreg/PNP'
        )
    group by geo_id, period_year
),

uis_sums as (
    select
        geo_id,
        period_year,
        cast(100 as double) as total,
        sum(value) as sum_of_sectors,
        count(value) as sectors_count
    from series_cells
    where series_id in ('uis/GERD.BUSENT.PERF', 'uis/GERD.GOV.PERF', 'uis/GERD.HIED.PERF')
    group by geo_id, period_year
)

select 'eurostat' as source, * from eurostat_sums
where sectors_count = 4 and abs(sum_of_sectors - total) > 0.005 * total
union all
select 'uis' as source, * from uis_sums
where sectors_count = 3 and sum_of_sectors > 100.5
