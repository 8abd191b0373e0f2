select id as position_id, portfolio_id, symbol, position_type, asset_class, quantity, multiplier, entry_price, entry_date,
    exit_price, exit_date, strike, expiry, underlying
from book.positions_at(%(known_at)s)
where %(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[])
order by portfolio_id, id
