-- What was held back for a session without a close is explained by the close that has come since.
update market.quarantine q set status = 'explained', decided_at = clock_timestamp()
from unnest(%(session)s::date[], %(symbol)s::text[]) as f(session, symbol)
where q.status = 'pending' and q.kind = 'close' and q.stored_close is null and q.symbol = f.symbol and q.day = f.session
