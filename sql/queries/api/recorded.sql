-- What a page of recorded items (one more than asked for; key: the place of each in the list) is answered with.
shown as (
    select * from page order by key limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'items', coalesce((select json_agg(shown.item order by shown.key) from shown), '[]')
    )::text,
    case when (select count(*) from page) > %(limit)s then (select max(key) from shown) end
