copy book.positions (portfolio_id, symbol, asset_class, position_type, quantity, entry_price, entry_date, exit_date,
    exit_price, multiplier, underlying, option_type, strike, expiry, name) from stdin
