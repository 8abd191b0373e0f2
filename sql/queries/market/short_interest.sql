select symbol, (published_at at time zone 'America/New_York')::date as published_on, days_to_cover
from market.short_interest_at(%(known_at)s)
where symbol = any(%(symbols)s)
order by published_at, settlement_date
