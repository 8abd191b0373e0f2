select session, portfolio_id, opening_equity, daily_pnl, closing_equity
from {rolled_equity}
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s)
order by session, portfolio_id
