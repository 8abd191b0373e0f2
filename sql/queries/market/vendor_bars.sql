-- Closes in use that a vendor gave: what its next answer is compared with.
select p.session, p.symbol, p.close, p.volume
from market.prices p
join market.price_fetches f on f.symbol = p.symbol and f.session = p.session and f.outcome = 'bar' and f.source = p.source
where p.session between %(start)s and %(end)s and p.symbol = any(%(symbols)s)
