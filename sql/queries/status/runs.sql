-- The last runs, newest first.
select run_id, kind, start_session, end_session, portfolio_ids, status, started_at, ended_at, error
from analytics.runs
order by started_at desc
limit %(limit)s
