select min(settlement_date), max(settlement_date) from market.short_interest where symbol = any(%(symbols)s)
