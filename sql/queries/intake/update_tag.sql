update book.tags set name = %(name)s, color = %(color)s where id = %(tag_id)s
