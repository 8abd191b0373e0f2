-- Unrealized P&L of a portfolio = sum of its lots' unrealized P&L.
-- asset: snapshots
-- excused by: own
with lots as (
    select v.session, v.portfolio_id, sum(v.unrealized_pnl) as unrealized_pnl
    from analytics.position_pnl v
    where v.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('unrealized P&L %%s is not the lots'' %%s', coalesce(s.unrealized_pnl::text, 'null'), coalesce(v.unrealized_pnl, 0)) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and s.unrealized_pnl is distinct from coalesce(v.unrealized_pnl, 0)
