select session,
    sum(closing_equity) as "equity (USD)",
    sum(daily_pnl) as "P&L (USD)",
    sum(capital_flow) as "capital flow (USD)",
    count(*) as "portfolios"
from analytics.rolled_equity
where session between %(start)s and %(end)s
group by session
