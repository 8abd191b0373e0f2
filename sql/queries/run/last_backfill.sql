-- The last backfill of the same portfolios.
select start_session, end_session, status
from analytics.runs
where kind = 'backfill' and portfolio_ids is not distinct from %(portfolios)s::bigint[]
order by started_at desc
limit 1
