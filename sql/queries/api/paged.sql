-- What a page of rows (one more than asked for, by id) is answered with.
shown as (
    select * from page order by id limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'items', coalesce((select json_agg(shown order by shown.id) from shown), '[]')
    )::text,
    case when (select count(*) from page) > %(limit)s then (select max(id) from shown) end
