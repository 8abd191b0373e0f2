select session, portfolio_id, delta_adjusted_exposure
from {factor_exposures}
where session between %(start)s and %(end)s and portfolio_id = any(%(portfolios)s) and factor = 'market'
order by session, portfolio_id
