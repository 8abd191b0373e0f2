select portfolio_id, symbol, session, price
from book.price_overrides_at(%(known_at)s)
where %(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[])
order by portfolio_id, symbol, session
