select session,
    sum(dollar_exposure) filter (where factor = 'market') as "market (USD)",
    sum(dollar_exposure) filter (where factor = 'momentum') as "momentum (USD)",
    sum(dollar_exposure) filter (where factor = 'value') as "value (USD)",
    sum(dollar_exposure) filter (where factor = 'growth') as "growth (USD)",
    sum(dollar_exposure) filter (where factor = 'quality') as "quality (USD)",
    sum(dollar_exposure) filter (where factor = 'size') as "size (USD)",
    sum(dollar_exposure) filter (where factor = 'low_volatility') as "low volatility (USD)",
    sum(dollar_exposure) filter (where factor = 'short_interest') as "short interest (USD)",
    min(coverage) as "lowest coverage",
    count(*) filter (where exposure is null) as "missing exposures"
from analytics.factor_exposures
where session between %(start)s and %(end)s
group by session
