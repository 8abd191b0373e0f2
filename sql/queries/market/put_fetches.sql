insert into market.price_fetches (session, symbol, source, outcome, adjustment, fetched_at)
select f.session, f.symbol, f.source, f.outcome, f.adjustment, clock_timestamp()
from unnest(%(session)s::date[], %(symbol)s::text[], %(source)s::text[], %(outcome)s::text[], %(adjustment)s::text[])
    as f(session, symbol, source, outcome, adjustment)
on conflict (symbol, session) do update
set source = excluded.source, outcome = excluded.outcome, adjustment = excluded.adjustment, fetched_at = excluded.fetched_at
