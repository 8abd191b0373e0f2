-- Answers again what `api/standing.sql` settled, and says whether anything has been committed since.
select newest.committed_at, answer.*
from (select 1) as one
left join lateral (
    select c.committed_at from analytics.commits c where c.committed_at is not null order by c.committed_at desc limit 1
) newest on true
left join lateral (
{answer}
) as answer (body, following) on true
