-- What has a market close: each stock or option lot, in priced units, and between which days it is valued at one.
select portfolio_id, symbol, abs(quantity * multiplier) as units, entry_date, exit_date, exit_price is not null as has_exit_price,
    expiry
from book.positions
where portfolio_id = any(%(portfolio_ids)s::bigint[]) and asset_class <> 'PRIVATE'
order by id
