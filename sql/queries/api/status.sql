-- The morning page, for an administrator; no row: the user is gone. For others only the role, with nothing else.
with books as ({status_portfolios}), late as ({status_prices}), changed as ({status_restated}), recent as ({status_runs})
select u.role, case when u.role = 'admin' then json_build_object(
        'now', %(now)s::timestamptz,
        'latest_session', %(latest)s::date,
        'age_hours', %(age_hours)s::double precision,
        'due_session', %(due)s::date,
        'is_complete', (select coalesce(bool_and(b.sessions_behind <= %(not_due)s::integer), true) from books b),
        'portfolios', coalesce((
            select json_agg(json_build_object(
                'id', b.id, 'name', b.name, 'owner', b.owner, 'session', b.session, 'net_asset_value', b.net_asset_value,
                'daily_pnl', b.daily_pnl, 'position_count', b.position_count, 'sessions_behind', b.sessions_behind,
                'stale', array(
                    select l.symbol from late l where l.portfolio_id = b.id and not l.is_unpriced order by l.symbol
                ),
                'unpriced', array(
                    select l.symbol from late l where l.portfolio_id = b.id and l.is_unpriced order by l.symbol
                ),
                'left_out', b.left_out
            ) order by b.id) from books b
        ), '[]'),
        'restated_since', %(since)s::timestamptz,
        'restated', coalesce((select json_agg(c order by c.portfolio_id) from changed c), '[]'),
        'last_runs', coalesce((select json_agg(r order by r.started_at desc) from recent r), '[]'),
        'next_runs', (
            select json_agg(json_build_object('job', n.job, 'at', n.at) order by n.place)
            from unnest(%(jobs)s::text[], %(times)s::timestamptz[]) with ordinality as n(job, at, place)
        )
    )::text end as page
from book.users u
where u.id = %(user_id)s
