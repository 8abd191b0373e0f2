-- The ledger, oldest entry first: all of it, or of portfolios, of a session, of what became visible after an instant.
select r.session, r.portfolio_id, r.old_net_asset_value, r.new_net_asset_value, r.net_asset_value_change,
    r.old_daily_pnl, r.new_daily_pnl, r.daily_pnl_change, r.run_id, r.causes, c.committed_at
from analytics.restatements r
join analytics.commits c on c.commit_id = r.commit_id
where (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
  and (%(session)s::date is null or r.session = %(session)s::date)
  and (%(since)s::timestamptz is null or c.committed_at > %(since)s::timestamptz)
order by c.committed_at, r.session, r.portfolio_id
