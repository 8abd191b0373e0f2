-- A request that no run can answer is answered by saying why.
insert into analytics.runs (run_id, request_id, kind, start_session, end_session, portfolio_ids, started_at, ended_at, status, error)
values (%(run_id)s, %(request_id)s, %(kind)s, %(start)s, %(end)s, %(portfolios)s, clock_timestamp(), clock_timestamp(),
    %(status)s, %(error)s)
on conflict (run_id) do nothing
