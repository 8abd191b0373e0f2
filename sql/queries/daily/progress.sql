-- How far each portfolio has come in each asset; requested: a request for it waits or is being answered.
select p.id, a.asset, coalesce(stored.last, p.inception_date) as last_session,
    exists (
        select from book.run_requests q
        where q.kind <> 'why'
          and (q.portfolio_ids is null or p.id = any(q.portfolio_ids))
          and (not exists (select from analytics.runs r where r.request_id = q.id)
               or exists (select from analytics.runs r where r.request_id = q.id and r.status = 'running'))
    ) as requested
from book.portfolios p
cross join unnest(%(assets)s::text[]) as a(asset)
left join lateral (
    select max(s.session) as last from analytics.slices s where s.asset = a.asset and s.portfolio_id = p.id
) as stored on true
order by p.id, a.asset
