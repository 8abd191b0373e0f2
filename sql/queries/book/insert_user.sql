insert into book.users (username, password_hash, role)
values (%(username)s, %(password_hash)s, %(role)s)
on conflict (username) do nothing
returning id
