select coalesce(max(id), 0) from book.positions where portfolio_id = %(portfolio_id)s
