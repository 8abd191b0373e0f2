-- Lots that a commit changed become what they were before it.
update book.positions o
set (symbol, asset_class, position_type, quantity, entry_price, entry_date, exit_date, exit_price, multiplier, underlying,
    option_type, strike, expiry, name)
    = row(h.symbol, h.asset_class, h.position_type, h.quantity, h.entry_price, h.entry_date, h.exit_date, h.exit_price,
        h.multiplier, h.underlying, h.option_type, h.strike, h.expiry, h.name)
from book.positions_history h
where h.id = o.id and h.superseded_by = %(commit_id)s and o.id = any(%(ids)s::bigint[])
