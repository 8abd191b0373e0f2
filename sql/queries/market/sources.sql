select session, symbol, source
from market.prices_at(%(known_at)s)
where session between %(start)s and %(end)s and symbol = any(%(symbols)s)
