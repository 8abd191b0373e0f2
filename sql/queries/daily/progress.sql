-- How far each portfolio has come in each asset; requested: a request for it waits or is being answered.
select p.id, a.asset, coalesce(stored.last, p.inception_date) as last_session,
    exists (
        select from book.run_requests q
        cross join lateral (
            select count(*) as times, coalesce(bool_and(r.interrupted), true) as unanswered,
                bool_or(r.status = 'running') as running
            from analytics.runs r
            where r.request_id = q.id
        ) as tried
        where q.kind <> 'why'
          and (q.portfolio_ids is null or p.id = any(q.portfolio_ids))
          and (tried.running or (tried.unanswered and tried.times < %(attempts)s))
    ) as requested
from book.portfolios p
cross join unnest(%(assets)s::text[]) as a(asset)
left join lateral (
    select max(s.session) as last from analytics.slices s where s.asset = a.asset and s.portfolio_id = p.id
) as stored on true
order by p.id, a.asset
