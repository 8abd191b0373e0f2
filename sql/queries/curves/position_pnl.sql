select session,
    sum(daily_pnl) as "P&L (USD)",
    sum(unrealized_pnl) as "unrealized P&L (USD)",
    sum(market_value) as "market value, net (USD)",
    count(*) filter (where is_open) as "lots held",
    count(*) filter (where is_open and is_stale) as "stale lots",
    count(*) filter (where is_open and is_unpriced) as "unpriced lots"
from analytics.position_pnl
where session between %(start)s and %(end)s
group by session
