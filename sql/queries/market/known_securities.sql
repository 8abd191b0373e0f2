select symbol from market.securities where sector is not null and symbol = any(%(symbols)s)
