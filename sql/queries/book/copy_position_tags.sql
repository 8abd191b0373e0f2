copy book.position_tags (position_id, tag_id) from stdin
