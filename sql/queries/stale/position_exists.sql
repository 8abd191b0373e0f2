select exists (select from book.positions where id = %(position)s)
