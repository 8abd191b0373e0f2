select q.day as session, q.symbol, q.close
from market.quarantine q
join market.sessions s on s.session = q.day
where q.status = 'pending' and q.kind = 'close' and q.close > 0
  and q.day between %(start)s and %(end)s and q.symbol = any(%(symbols)s)
order by q.found_at
