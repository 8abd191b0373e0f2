select portfolio_id, closing_equity
from {rolled_equity}
where session = %(before)s and portfolio_id = any(%(portfolios)s)
order by portfolio_id
