-- What a vendor told and is not believed, oldest day first.
select q.id, q.kind, q.symbol, q.day, q.close, q.stored_close, q.split_from, q.split_to, q.reason, q.source, q.status, q.found_at
from market.quarantine q
where (%(all)s or q.status = 'pending')
order by q.symbol, q.day, q.id
