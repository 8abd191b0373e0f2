insert into book.position_tags (position_id, tag_id)
select %(position_id)s, g.id from unnest(%(tag_ids)s::bigint[]) as g (id) order by g.id
on conflict do nothing
