-- NAV rolls exactly: closing equity = opening equity + daily P&L + capital flow.
-- asset: rolled_equity
-- excused by: own
select 'rolled_equity' as table_name, r.session, r.portfolio_id, null::text as item,
    format('closing %%s is not opening %%s + P&L %%s + flow %%s', r.closing_equity, r.opening_equity, r.daily_pnl, r.capital_flow)
    as detail
from analytics.rolled_equity r
where r.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
  and r.closing_equity <> r.opening_equity + r.daily_pnl + r.capital_flow
