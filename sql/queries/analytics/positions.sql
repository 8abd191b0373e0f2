-- Every lot with a row in the range: its value and its Greeks.
select p.session, p.position_id, p.portfolio_id, p.is_open, p.is_stale, p.is_unpriced, p.market_value,
    g.delta_adjusted_value, g.delta, g.gamma, g.theta, g.vega
from analytics.position_pnl p
join analytics.position_greeks g using (session, portfolio_id, position_id)
where p.session between %(start)s and %(end)s
  and p.portfolio_id = any(%(portfolios)s)
  and g.model = 'mock'
order by p.session, p.portfolio_id, p.position_id
