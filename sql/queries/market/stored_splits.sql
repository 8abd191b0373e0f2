select symbol, execution_date, split_from, split_to from market.splits where symbol = any(%(symbols)s)
