-- What the lots held at a close were stored with.
select session, position_id, portfolio_id, market_value, market_value - unrealized_pnl as cost
from {position_pnl}
where session = %(before)s and portfolio_id = any(%(portfolios)s) and is_open
order by portfolio_id, position_id
