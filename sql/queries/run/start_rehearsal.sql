insert into analytics.runs (run_id, request_id, kind, start_session, end_session, portfolio_ids, started_at, status)
values (%(run_id)s, %(request_id)s, %(kind)s, %(start)s, %(end)s, %(portfolios)s, clock_timestamp(), 'running')
