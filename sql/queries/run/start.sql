insert into analytics.runs (run_id, request_id, kind, start_session, end_session, portfolio_ids, started_at, status)
values (%(run_id)s, %(request_id)s, %(kind)s, %(start)s, %(end)s, %(portfolios)s, clock_timestamp(), 'running')
on conflict (run_id) do update set status = 'running', ended_at = null, error = null, interrupted = false
