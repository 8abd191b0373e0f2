insert into book.tags (owner_id, name, color)
values (%(owner_id)s, %(name)s, %(color)s)
on conflict (owner_id, name) do nothing
returning id
