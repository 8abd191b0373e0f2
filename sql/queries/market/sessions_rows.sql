select session, symbol, open, high, low, close, volume, source
from market.prices
where session = any(%(sessions)s)
