-- The change of a figure between two instants, and its parts, if they have been computed.
with versions as (
    select f.commit_id as from_commit, t.commit_id as to_commit, a.value as value_from, b.value as value_to
    from (
        select k.commit_id from analytics.slices_at(%(known_at)s) k
        where k.asset = 'snapshots' and k.session = %(session)s and k.portfolio_id = %(portfolio_id)s
    ) t
    left join (
        select k.commit_id from analytics.slices_at(%(known_from)s) k
        where k.asset = 'snapshots' and k.session = %(session)s and k.portfolio_id = %(portfolio_id)s
    ) f on true
    left join lateral (
        select (row_to_json(s) ->> %(metric)s::text)::numeric as value from analytics.snapshots_at(%(known_from)s) s
        where s.session = %(session)s and s.portfolio_id = %(portfolio_id)s
    ) a on true
    left join lateral (
        select (row_to_json(s) ->> %(metric)s::text)::numeric as value from analytics.snapshots_at(%(known_at)s) s
        where s.session = %(session)s and s.portfolio_id = %(portfolio_id)s
    ) b on true
), found as (
    select v.*, w.run_id, w.computed_at, w.run_id is not null or v.from_commit = v.to_commit as is_computed,
        coalesce((
            select json_agg(json_build_object('cause', p.cause, 'symbol', p.symbol, 'amount', p.amount) order by p.place)
            from analytics.waterfall_parts p
            where (p.session, p.portfolio_id, p.from_commit, p.to_commit, p.metric)
                = (w.session, w.portfolio_id, w.from_commit, w.to_commit, w.metric)
        ), '[]') as parts,
        v.value_to - v.value_from - coalesce((
            select sum(p.amount)
            from analytics.waterfall_parts p
            where (p.session, p.portfolio_id, p.from_commit, p.to_commit, p.metric)
                = (w.session, w.portfolio_id, w.from_commit, w.to_commit, w.metric)
        ), 0) as residual
    from versions v
    left join analytics.waterfalls w
        on w.session = %(session)s and w.portfolio_id = %(portfolio_id)s and w.metric = %(metric)s::text
        and w.from_commit = v.from_commit and w.to_commit = v.to_commit
)
select json_build_object(
        'reason', coalesce(%(missing)s::text, case
            when f.from_commit is null then 'not_stored_then'
            when not f.is_computed then 'not_computed'
        end),
        'metric', %(metric)s::text,
        'known_from', %(known_from)s::timestamptz,
        'value_from', f.value_from,
        'value_to', f.value_to,
        'change', f.value_to - f.value_from,
        'parts', case when f.is_computed then f.parts end,
        'residual', case when f.is_computed then f.residual end,
        'computed', case when f.run_id is not null then json_build_object(
            'run_id', f.run_id, 'computed_at', f.computed_at, 'url', %(ui)s::text || '/runs/' || f.run_id
        ) end,
        'request', case when f.from_commit is not null and not f.is_computed then json_build_object(
            'method', 'POST',
            'path', '/api/v1/lineage/why',
            'body', json_build_object(
                'portfolio_id', %(portfolio_id)s::bigint, 'session', %(session)s::date, 'from', %(known_from)s::timestamptz,
                'to', coalesce(%(known_at)s::timestamptz, (select max(c.committed_at) from analytics.commits c))
            )
        ) end
    )::text,
    null
from (select 1) one
left join found f on true
