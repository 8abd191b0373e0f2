-- Lots that a commit removed are back, as the same ones.
insert into book.positions (id, portfolio_id, symbol, asset_class, position_type, quantity, entry_price, entry_date, exit_date,
    exit_price, multiplier, underlying, option_type, strike, expiry, name)
overriding system value
select h.id, h.portfolio_id, h.symbol, h.asset_class, h.position_type, h.quantity, h.entry_price, h.entry_date, h.exit_date,
    h.exit_price, h.multiplier, h.underlying, h.option_type, h.strike, h.expiry, h.name
from book.positions_history h
where h.superseded_by = %(commit_id)s and h.id = any(%(ids)s::bigint[])
