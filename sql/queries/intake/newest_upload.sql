-- The newest request for a portfolio's history, and how its run stands (null: none yet, or one that is made again).
select q.id, case when not tried.unanswered then r.status end as status
from book.run_requests q
left join lateral (
    select n.status from analytics.runs n where n.request_id = q.id order by n.started_at desc limit 1
) r on true
cross join lateral (
    select coalesce(bool_and(n.interrupted), true) and count(*) < %(attempts)s as unanswered
    from analytics.runs n where n.request_id = q.id
) tried
where q.kind = 'upload' and q.portfolio_ids = array[%(portfolio_id)s::bigint]
order by q.id desc
limit 1
