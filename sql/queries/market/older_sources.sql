-- Sources of single closes; a limit makes each a look-up by key.
select wanted.session, wanted.symbol, found.source
from unnest(%(symbols)s::text[], %(sessions)s::date[]) as wanted (symbol, session)
cross join lateral (
    select p.source from market.prices_at(%(known_at)s) p
    where p.session = wanted.session and p.symbol = wanted.symbol
    limit 1
) as found
