update book.positions
set symbol = %s, asset_class = %s, position_type = %s, quantity = %s, entry_price = %s, entry_date = %s, exit_date = %s,
    exit_price = %s, multiplier = %s, underlying = %s, option_type = %s, strike = %s, expiry = %s, name = %s
where id = %s
