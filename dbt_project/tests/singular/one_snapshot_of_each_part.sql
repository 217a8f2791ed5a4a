-- Two vintages of one part in one build would count its figures twice.
select
    source_id,
    part,
    count(*) as snapshots_count
from {{ source('meta', 'source_snapshot') }}
group by source_id, part
having count(*) > 1
