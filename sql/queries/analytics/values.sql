-- Lots with a row in the range: their value at the close, what it earned, and of when its price is.
select session, position_id, portfolio_id, price_date, is_open, is_stale, is_unpriced, market_value, daily_pnl,
    unrealized_pnl
from {position_pnl}
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s)
order by session, portfolio_id, position_id
