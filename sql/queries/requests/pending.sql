-- Requests that no run has answered, with how many were interrupted before they could: one waits 20 s after the
-- first of these, then twice as long each time. Not by a cursor: ids become visible out of order, none may be lost.
select q.id, q.kind, q.portfolio_ids, q.start_session, q.end_session, tried.times, q.known_from, q.known_to
from book.run_requests q
cross join lateral (
    select count(*) as times, coalesce(bool_and(r.interrupted), true) as unanswered, max(r.ended_at) as last
    from analytics.runs r
    where r.request_id = q.id
) as tried
where tried.unanswered and tried.times < %(attempts)s
  and (tried.times = 0 or tried.last + interval '20 seconds' * power(2, tried.times - 1) <= clock_timestamp())
order by q.id
limit %(limit)s
