insert into book.tags (owner_id, name)
select %(owner_id)s, t.name from unnest(%(names)s::text[]) with ordinality as t (name, position) order by t.position
on conflict (owner_id, name) do nothing
