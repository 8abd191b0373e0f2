-- What has been held back since an instant and still waits, by symbol and reason.
select symbol, reason, count(*), min(day), max(day), max(found_at)
from market.quarantine
where status = 'pending' and found_at > %(since)s::timestamptz
group by symbol, reason
order by symbol, reason
