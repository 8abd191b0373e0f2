delete from book.position_tags where position_id = %(position_id)s and tag_id <> all(%(tag_ids)s::bigint[])
