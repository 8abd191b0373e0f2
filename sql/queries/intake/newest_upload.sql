-- The newest request for a portfolio's history, and how its run stands (null: none yet).
select q.id, r.status
from book.run_requests q
left join lateral (
    select n.status from analytics.runs n where n.request_id = q.id order by n.started_at desc limit 1
) r on true
where q.kind = 'upload' and q.portfolio_ids = array[%(portfolio_id)s::bigint]
order by q.id desc
limit 1
