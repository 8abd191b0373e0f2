-- The row moves to the book's history.
delete from book.price_overrides where portfolio_id = %(portfolio_id)s and symbol = %(symbol)s and session = %(date)s
returning session
