select id from book.positions where portfolio_id = %(portfolio_id)s and id > %(after)s order by id
