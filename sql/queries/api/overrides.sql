-- A page of a portfolio's price overrides between two dates, of one symbol or of all, as known at an instant.
with page as (
    select array[o.symbol, o.session::text] as key,
        json_build_object('symbol', o.symbol, 'session', o.session, 'price', o.price) as item
    from book.price_overrides_at(%(known_at)s) o
    where o.portfolio_id = %(portfolio_id)s
      and (%(symbol)s::text is null or o.symbol = %(symbol)s::text)
      and o.session between coalesce(%(start)s::date, '-infinity') and coalesce(%(end)s::date, 'infinity')
      -- No symbol is empty.
      and (o.symbol, o.session) > (coalesce(%(after_symbol)s::text, ''), coalesce(%(after_date)s::date, '-infinity'))
    order by o.symbol, o.session
    limit %(limit)s + 1
), {recorded}
