-- Requests that no run answers yet. Not by a cursor: ids become visible out of order, and none may be lost.
select q.id, q.kind, q.portfolio_ids, q.start_session, q.end_session
from book.run_requests q
where q.kind <> 'why'
  and not exists (select from analytics.runs r where r.request_id = q.id)
order by q.id
limit %(limit)s
