-- Largest lot of each private holding, in priced units.
select portfolio_id, symbol, max(abs(quantity * multiplier)) as units
from book.positions
where portfolio_id = any(%(portfolio_ids)s::bigint[]) and asset_class = 'PRIVATE'
group by portfolio_id, symbol
