-- Whoever asks, with today's rights; no row: the user is gone.
select u.username, u.role from book.users u where u.id = %(user_id)s
