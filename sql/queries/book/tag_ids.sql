select id, name from book.tags where owner_id = %(owner_id)s and name = any(%(names)s)
