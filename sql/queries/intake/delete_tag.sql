-- The lots lose it with it.
delete from book.tags where id = %(tag_id)s
