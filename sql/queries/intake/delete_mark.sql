-- The row moves to the book's history.
delete from book.private_marks where portfolio_id = %(portfolio_id)s and symbol = %(symbol)s and mark_date = %(date)s
returning mark_date
