-- The newest request for a portfolio's history, how its run stands (null: none yet, or one that is made again), and the
-- first session that failed requests since the last success left undone (null: none named one).
with asked as (
    select q.id, q.start_session, case when not tried.unanswered then r.status end as status
    from book.run_requests q
    left join lateral (
        select n.status from analytics.runs n where n.request_id = q.id order by n.started_at desc limit 1
    ) r on true
    cross join lateral (
        select coalesce(bool_and(n.interrupted), true) and count(*) < %(attempts)s as unanswered
        from analytics.runs n where n.request_id = q.id
    ) tried
    where q.kind = 'upload' and q.portfolio_ids = array[%(portfolio_id)s::bigint]
)
select a.id, a.status, (
    select least(min(f.start_session), (
        select min(s.session) from book.portfolios p join market.sessions s on s.session > p.equity_as_of
        where p.id = %(portfolio_id)s and min(f.start_session) is not null
    ))
    from asked f
    where f.status = 'failed' and f.id > coalesce((select max(d.id) from asked d where d.status = 'succeeded'), 0)
) as undone_from
from asked a
order by a.id desc
limit 1
