-- Decides what a question is about, and answers it.
with asked as materialized (
{standing}
)
select asked.*, answer.*
from asked
left join lateral (
{answer}
) as answer (body, following) on true
