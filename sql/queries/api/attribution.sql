-- P&L of a period by lot, sector, type or tag. A lot with several tags counts in several groups: what the groups and the
-- untagged lots have too much is the overlap. Tags are those of now, not of the period.
with earned as (
    select v.position_id as id, sum(v.daily_pnl) as pnl
    from market.sessions s
    cross join lateral (
        select q.position_id, q.daily_pnl from analytics.position_pnl_at(%(known_at)s) q
        where q.session = s.session and q.portfolio_id = %(portfolio_id)s
        offset 0
    ) v
    where s.session between coalesce(%(start)s::date, %(inception_date)s) and least(%(end)s::date, %(session)s)
    group by v.position_id
), lots as (
    select e.id, e.pnl, o.symbol, o.position_type, sec.sector,
        array(
            select t.name from book.position_tags_at(%(known_at)s) k
            cross join lateral (
                select n.name from book.tags_at(%(known_at)s) n where n.id = k.tag_id limit 1
            ) t
            where k.position_id = e.id
        ) as tags
    from earned e
    cross join lateral (
        select k.* from book.positions_at(%(known_at)s) k where k.id = e.id limit 1
    ) o
    left join lateral (
        select k.sector from market.securities_at(%(known_at)s) k
        where k.symbol = coalesce(o.underlying, o.symbol) and o.asset_class <> 'PRIVATE' limit 1
    ) sec on true
), keyed as (
    select l.id, l.symbol, l.pnl, case %(by)s::text
            when 'position' then l.id::text when 'type' then l.position_type else l.sector
        end as key
    from lots l where %(by)s::text <> 'tag'
    union all
    select l.id, l.symbol, l.pnl, t.name from lots l left join unnest(l.tags) as t(name) on true where %(by)s::text = 'tag'
), grouped as (
    select k.key, case when %(by)s::text = 'position' then min(k.symbol) else k.key end as label, sum(k.pnl) as pnl,
        count(*) as position_count, min(k.id) as first_id
    from keyed k
    where k.key is not null or %(by)s::text <> 'tag'
    group by k.key
)
select json_build_object(
        'reason', %(missing)s::text,
        'by', %(by)s::text,
        'start', coalesce(%(start)s::date, %(inception_date)s),
        'end', coalesce(least(%(end)s::date, %(session)s), %(as_of)s),
        'price_return_only', true,
        'groups', coalesce((
            select json_agg(json_build_object(
                'key', g.key, 'label', g.label, 'pnl', g.pnl, 'position_count', g.position_count
            ) order by case when %(by)s::text = 'position' then g.first_id end, g.key collate "C" nulls last)
            from grouped g
        ), '[]'),
        'untagged_pnl', case when %(by)s::text = 'tag' then (select coalesce(sum(k.pnl), 0) from keyed k where k.key is null) end,
        'overlap_pnl', case when %(by)s::text = 'tag' then
            (select coalesce(sum(k.pnl), 0) from keyed k) - (select coalesce(sum(l.pnl), 0) from lots l)
        end,
        'pnl', (select coalesce(sum(l.pnl), 0) from lots l)
    )::text,
    null
