select session, position_id, price, market_value, daily_pnl
from analytics.position_pnl
where portfolio_id = %(portfolio_id)s
order by session, position_id
