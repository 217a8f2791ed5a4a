with guidelines as (
    select * from {{ ref('guidelines') }}
)

select
    guideline_id,
    guideline_no,
    title,
    sentence
from guidelines
