-- The last close before a session, of symbols that have none shortly before it.
select s.symbol, last.session, last.close
from unnest(%(symbols)s::text[]) as s(symbol)
cross join lateral (
    select p.session, p.close from market.prices_at(%(known_at)s) p
    where p.symbol = s.symbol and p.session < %(before)s
    order by p.session desc
    limit 1
) as last
