-- The rows move to the book's history with the tags they carried.
delete from book.positions where id = any(%(ids)s::bigint[])
