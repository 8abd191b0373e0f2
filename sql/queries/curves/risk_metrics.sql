select session,
    sum(var_95) as "VaR 95, 1 day, sum over portfolios (USD)",
    sum(ex_ante_var_95) as "ex-ante VaR 95, 1 day, sum over portfolios (USD)",
    max(ex_ante_volatility) as "highest ex-ante volatility",
    min(max_drawdown) as "deepest drawdown",
    min(ex_ante_coverage) as "lowest ex-ante coverage",
    count(*) filter (where volatility is null) as "portfolios without volatility"
from analytics.risk_metrics
where session between %(start)s and %(end)s
group by session
