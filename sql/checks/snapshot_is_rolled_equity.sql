-- A snapshot's net asset value is the closing equity, its daily P&L the portfolio's.
-- asset: snapshots
-- excused by: own
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('NAV %%s and P&L %%s are not the rolled equity''s %%s and %%s', s.net_asset_value, s.daily_pnl,
        coalesce(r.closing_equity::text, 'none'), coalesce(r.daily_pnl::text, 'none')) as detail
from analytics.snapshots s
left join analytics.rolled_equity r
    on r.session = s.session and r.portfolio_id = s.portfolio_id and r.session between %(start)s and %(end)s
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.net_asset_value, s.daily_pnl) is distinct from (r.closing_equity, r.daily_pnl)
