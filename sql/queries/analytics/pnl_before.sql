-- P&L of all sessions before one, by portfolio.
select portfolio_id, sum(daily_pnl) as daily_pnl
from {rolled_equity}
where session < %(before)s and portfolio_id = any(%(portfolios)s)
group by portfolio_id
order by portfolio_id
