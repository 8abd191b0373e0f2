-- What waits for a decision, by symbol and reason.
select symbol, reason, count(*), min(day), max(day)
from market.quarantine
where status = 'pending'
group by symbol, reason
order by symbol, reason
