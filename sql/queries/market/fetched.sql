-- What vendors said of symbols; a bar only as long as it is the one in use.
select f.session, f.symbol, f.outcome, f.fetched_at
from market.price_fetches f
left join market.prices p on p.session = f.session and p.symbol = f.symbol
where f.session between %(start)s and %(end)s and f.symbol = any(%(symbols)s)
  and (f.outcome <> 'bar' or p.source = f.source)
