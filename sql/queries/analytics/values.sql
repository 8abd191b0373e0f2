select session, position_id, portfolio_id, market_value
from analytics.position_pnl
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s)
order by session, portfolio_id, position_id
