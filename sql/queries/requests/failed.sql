-- A run that Dagster says has failed. If it did not say so itself, it was interrupted, or never started.
insert into analytics.runs (run_id, request_id, kind, start_session, end_session, portfolio_ids, started_at, ended_at, status, error,
    interrupted)
select %(run_id)s, q.id, q.kind, coalesce(q.start_session, '2015-01-02'), coalesce(q.end_session, q.start_session, '2015-01-02'),
    q.portfolio_ids, clock_timestamp(), clock_timestamp(), 'failed', %(error)s, true
from book.run_requests q
where q.id = %(request_id)s
on conflict (run_id) do update
set status = 'failed', ended_at = excluded.ended_at, error = excluded.error, interrupted = true
where analytics.runs.status = 'running'
