insert into analytics.runs (run_id, request_id, kind, start_session, end_session, portfolio_ids, started_at, ended_at, status, error)
select %(run_id)s, q.id, q.kind, coalesce(q.start_session, '2015-01-02'), coalesce(q.end_session, q.start_session, '2015-01-02'),
    q.portfolio_ids, clock_timestamp(), clock_timestamp(), 'failed', %(error)s
from book.run_requests q
where q.id = %(request_id)s
on conflict (run_id) do update
set status = 'failed', ended_at = coalesce(analytics.runs.ended_at, excluded.ended_at),
    error = coalesce(analytics.runs.error, excluded.error)
where analytics.runs.status <> 'succeeded'
