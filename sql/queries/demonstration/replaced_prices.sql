select count(*) from market.prices_history
