-- What is told again is no news, unless it had been decided otherwise than to reject it.
insert into market.quarantine
    (kind, symbol, day, open, high, low, close, volume, split_from, split_to, stored_close, reason, source, run_id)
select q.*, %(run_id)s
from unnest(%(kind)s::text[], %(symbol)s::text[], %(day)s::date[], %(open)s::float8[], %(high)s::float8[], %(low)s::float8[],
    %(close)s::float8[], %(volume)s::float8[], %(split_from)s::float8[], %(split_to)s::float8[], %(stored_close)s::float8[],
    %(reason)s::text[], %(source)s::text[]) as q
on conflict (kind, symbol, day, close, split_from, split_to, reason) do update
set status = 'pending', decided_at = null, found_at = clock_timestamp(), run_id = excluded.run_id,
    stored_close = excluded.stored_close
where market.quarantine.status in ('accepted', 'explained')
