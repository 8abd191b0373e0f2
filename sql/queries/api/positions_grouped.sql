-- A portfolio's lots by type, sector or tag, after filters. A lot with several tags counts in several groups: what the
-- groups and the untagged lots have too much is the overlap.
with lots as ({lots}), chosen as ({chosen}), keyed as (
    select case %(group_by)s::text when 'type' then l.position_type else l.sector end as key, l.*
    from chosen l where %(group_by)s::text <> 'tag'
    union all
    select t ->> 'name', l.*
    from chosen l left join json_array_elements(l.tags) t on true where %(group_by)s::text = 'tag'
), grouped as (
    select k.key, json_agg(k.id order by k.id) as position_ids
    from keyed k group by k.key
)
select json_build_object(
        'reason', %(missing)s::text,
        'group_by', %(group_by)s::text,
        'groups', (
            select coalesce(json_agg(one order by one.key collate "C" nulls last), '[]')
            from (
                select g.key, g.position_ids, f.*
                from grouped g
                cross join lateral ({figures} from keyed l where l.key is not distinct from g.key) f
            ) one
            where one.key is not null or %(group_by)s::text <> 'tag'
        ),
        'untagged', case when %(group_by)s::text = 'tag' then (
            select row_to_json(f) from ({figures} from keyed l where l.key is null) f
        ) end,
        'overlap', case when %(group_by)s::text = 'tag' then (
            select row_to_json(f) from (
                {figures} from (
                    select r.* from (
                        select k.*, row_number() over (partition by k.id order by k.key collate "C") as tag_number from keyed k
                    ) r
                    where r.tag_number > 1
                ) l
            ) f
        ) end,
        'totals', (select row_to_json(f) from ({figures} from chosen l) f)
    )::text,
    null
