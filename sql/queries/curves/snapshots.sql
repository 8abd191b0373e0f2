select session,
    sum(net_asset_value) as "NAV (USD)",
    sum(daily_pnl) as "P&L (USD)",
    sum(cumulative_pnl) as "P&L since inception (USD)",
    sum(gross_exposure) as "gross exposure (USD)",
    sum(net_exposure) as "net exposure (USD)",
    sum(delta_net_exposure) as "net exposure, delta-adjusted (USD)",
    sum(cash) as "cash (USD)",
    sum(position_count) as "positions",
    sum(stale_positions) as "stale positions",
    sum(unpriced_positions) as "unpriced positions",
    count(*) as "portfolios"
from analytics.snapshots
where session between %(start)s and %(end)s
group by session
