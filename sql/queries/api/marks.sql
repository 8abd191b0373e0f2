-- A page of a portfolio's private marks between two dates, of one symbol or of all, as known at an instant.
with page as (
    select array[m.symbol, m.mark_date::text] as key,
        json_build_object('symbol', m.symbol, 'mark_date', m.mark_date, 'price', m.price) as item
    from book.private_marks_at(%(known_at)s) m
    where m.portfolio_id = %(portfolio_id)s
      and (%(symbol)s::text is null or m.symbol = %(symbol)s::text)
      and m.mark_date between coalesce(%(start)s::date, '-infinity') and coalesce(%(end)s::date, 'infinity')
      -- No symbol is empty.
      and (m.symbol, m.mark_date) > (coalesce(%(after_symbol)s::text, ''), coalesce(%(after_date)s::date, '-infinity'))
    order by m.symbol, m.mark_date
    limit %(limit)s + 1
), {recorded}
