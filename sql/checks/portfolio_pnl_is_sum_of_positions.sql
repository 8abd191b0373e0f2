-- Daily P&L of a portfolio = sum of the daily P&L of its lots.
-- asset: rolled_equity
-- excused by: own
with positions as (
    select l.session, l.portfolio_id, sum(l.daily_pnl) as daily_pnl
    from analytics.position_pnl l
    where l.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or l.portfolio_id = any(%(portfolios)s::bigint[]))
    group by l.session, l.portfolio_id
)
select 'rolled_equity' as table_name, r.session, r.portfolio_id, null::text as item,
    format('P&L %%s is not the lots'' %%s', r.daily_pnl, coalesce(l.daily_pnl, 0)) as detail
from analytics.rolled_equity r
left join positions l on l.session = r.session and l.portfolio_id = r.portfolio_id
where r.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
  and r.daily_pnl <> coalesce(l.daily_pnl, 0)
