-- P&L of a period by lot, sector, type or tag. A lot with several tags counts in several groups: what the groups and the
-- untagged lots have too much is the overlap. Tags are those of now, not of the period.
with lots as (
    select v.position_id as id, o.symbol, o.position_type, sec.sector, sum(v.daily_pnl) as pnl,
        array(
            select t.name from book.position_tags_at(%(known_at)s) k join book.tags_at(%(known_at)s) t on t.id = k.tag_id
            where k.position_id = v.position_id
        ) as tags
    from market.sessions s
    cross join lateral (
        select q.position_id, q.daily_pnl from analytics.position_pnl_at(%(known_at)s) q
        where q.session = s.session and q.portfolio_id = %(portfolio_id)s
    ) v
    join book.positions_at(%(known_at)s) o on o.id = v.position_id
    left join market.securities_at(%(known_at)s) sec
        on sec.symbol = coalesce(o.underlying, o.symbol) and o.asset_class <> 'PRIVATE'
    where s.session between coalesce(%(start)s::date, %(inception_date)s) and least(%(end)s::date, %(session)s)
    group by v.position_id, o.symbol, o.position_type, sec.sector
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
