-- All splits.
select symbol, execution_date, split_from, split_to
from market.splits_at(%(known_at)s)
order by symbol, execution_date
