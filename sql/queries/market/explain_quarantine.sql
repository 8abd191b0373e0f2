-- A split told since explains the closes from its date on that were not believed: they are asked for again.
with explained as (
    update market.quarantine q set status = 'explained', decided_at = clock_timestamp()
    where q.status = 'pending' and q.kind = 'close' and q.symbol = %(symbol)s and q.day >= %(day)s and q.reason = 'split_like'
    returning q.symbol, q.day
)
delete from market.price_fetches f using explained e
where f.symbol = e.symbol and f.session = e.day and f.outcome = 'quarantined'
