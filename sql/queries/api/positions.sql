-- A page of a portfolio's lots, after filters; the totals are of all pages.
with lots as ({lots}), chosen as ({chosen}), page as (
    select * from chosen where %(after)s::bigint is null or id > %(after)s::bigint order by id limit %(limit)s + 1
), shown as (
    select * from page order by id limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'items', coalesce((select json_agg(shown order by shown.id) from shown), '[]'),
        'totals', (select row_to_json(figures) from ({figures} from chosen as l) figures)
    )::text,
    case when (select count(*) from page) > %(limit)s then (select max(id) from shown) end
