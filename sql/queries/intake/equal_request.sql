-- A request for the same that is not over.
select q.id, case when r.status = 'running' then 'running' else 'queued' end as status
from book.run_requests q
left join lateral (
    select n.status from analytics.runs n where n.request_id = q.id order by n.started_at desc limit 1
) r on true
cross join lateral (
    select coalesce(bool_and(n.interrupted), true) and count(*) < %(attempts)s as unanswered
    from analytics.runs n where n.request_id = q.id
) tried
where (tried.unanswered or r.status = 'running')
  and q.kind = %(kind)s
  and q.portfolio_ids is not distinct from %(portfolio_ids)s::bigint[]
  and q.start_session is not distinct from %(start)s::date
  and q.end_session is not distinct from %(end)s::date
  and q.known_from is not distinct from %(known_from)s::timestamptz
  and q.known_to is not distinct from %(known_to)s::timestamptz
order by q.id
limit 1
