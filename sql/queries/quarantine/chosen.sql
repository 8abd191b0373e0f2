select q.id, q.kind, q.symbol, q.day, q.open, q.high, q.low, q.close, q.volume, q.split_from, q.split_to, q.source, q.reason,
    s.session is not null as is_session
from market.quarantine q
left join market.sessions s on s.session = q.day
where q.status = 'pending'
  and (q.id = any(%(ids)s) or q.symbol = any(%(symbols)s))
order by q.found_at, q.id
for update of q
