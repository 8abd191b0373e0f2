-- The tags of a lot.
select json_build_object(
        'reason', %(missing)s::text,
        'position_id', %(position_id)s::bigint,
        'items', coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'color', t.color) order by t.name), '[]')
    )::text,
    null
from book.position_tags_at(%(known_at)s) k
cross join lateral (
    select n.id, n.name, n.color from book.tags_at(%(known_at)s) n where n.id = k.tag_id limit 1
) t
where k.position_id = %(position_id)s
