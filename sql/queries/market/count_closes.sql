-- How many closes are stored of each symbol between a first and a last session of its own, in the order asked for.
select stored.closes
from unnest(%(symbols)s::text[], %(first)s::date[], %(last)s::date[]) with ordinality as s (symbol, first, last, place)
cross join lateral (
    select count(*) as closes from market.prices p where p.symbol = s.symbol and p.session between s.first and s.last
) as stored
order by s.place
