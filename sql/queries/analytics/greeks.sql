-- The same lots: their Greeks.
select session, position_id, portfolio_id, delta_adjusted_value, delta, gamma, theta, vega
from {position_greeks}
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s) and model = 'mock'
order by session, portfolio_id, position_id
