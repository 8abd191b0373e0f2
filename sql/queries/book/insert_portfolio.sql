-- Waits for a concurrent import of the same name; no row if that one takes it.
insert into book.portfolios (owner_id, name, initial_equity, inception_date)
values (%(owner_id)s, %(name)s, %(initial_equity)s, %(inception_date)s)
on conflict (owner_id, name) do nothing
returning id
