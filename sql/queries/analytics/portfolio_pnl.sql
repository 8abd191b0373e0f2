select session, portfolio_id, sum(daily_pnl) as daily_pnl
from {position_pnl}
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s)
group by session, portfolio_id
order by session, portfolio_id
