select factor, exposure, delta_adjusted_exposure, dollar_exposure, coverage, reason
from analytics.factor_exposures
where session = %(session)s and portfolio_id = %(portfolio)s
