-- Net asset value = long + short + cash.
-- asset: snapshots
-- excused by: own
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('NAV %%s is not long %%s + short %%s + cash %%s', s.net_asset_value, s.long_exposure, s.short_exposure, s.cash) as detail
from analytics.snapshots s
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and s.net_asset_value <> s.long_exposure + s.short_exposure + s.cash
