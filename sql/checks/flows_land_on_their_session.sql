-- Capital flow of a session = the cash flows whose first session on or after their date it is.
-- asset: rolled_equity
-- excused by: portfolio
with flows as (
    select f.portfolio_id, landing.session, sum(f.amount) as amount
    from book.cash_flows f
    cross join lateral (select min(d.session) as session from market.sessions d where d.session >= f.flow_date) as landing
    where (%(portfolios)s::bigint[] is null or f.portfolio_id = any(%(portfolios)s::bigint[]))
    group by f.portfolio_id, landing.session
)
select 'rolled_equity' as table_name, r.session, r.portfolio_id, null::text as item,
    format('capital flow %%s is not the book''s %%s', r.capital_flow, coalesce(f.amount, 0)) as detail
from analytics.rolled_equity r
left join flows f on f.session = r.session and f.portfolio_id = r.portfolio_id
where r.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
  and r.capital_flow <> coalesce(f.amount, 0)
