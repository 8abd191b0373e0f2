select session, symbol, outcome, fetched_at
from market.price_fetches
where session between %(start)s and %(end)s and symbol = any(%(symbols)s)
