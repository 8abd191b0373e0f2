-- Who asks, for which portfolio, session and instant. No row: the user is gone. Rights are today's; the book is as known.
-- A question about a past instant is asked by that instant's calendar.
select u.role, p.id as portfolio_id, known.name, known.inception_date, t.now,
    (t.now at time zone 'America/New_York')::date as today, newest.committed_at, following.closes_at as next_close,
    latest.session as latest_session, coalesce(%(as_of)s::date, latest.session) as as_of,
    asked.session as asked_session, stored.session,
    case
        when stored.session is not null then null
        when p.id is null then 'no_portfolio'
        when asked.session = known.inception_date then 'at_inception'
        else 'not_materialized'
    end as missing,
    -- Of a past instant nobody knows any more.
    case when %(known_at)s::timestamptz is null and stored.session is not null then exists (
        select from analytics.stale_slices(array[p.id], stored.session, stored.session) x where x.portfolio_id = p.id
    ) end as stale
from book.users u
cross join lateral (
    select i.now, least(i.now, coalesce(%(known_at)s::timestamptz, i.now)) as clock
    from (select coalesce(%(now)s::timestamptz, clock_timestamp()) as now offset 0) i
) t
left join lateral (
    select c.committed_at from analytics.commits c where c.committed_at is not null order by c.committed_at desc limit 1
) newest on true
left join lateral (
    (
        select o.id from book.portfolios o
        where coalesce(%(portfolio_id)s::bigint, %(position_id)s::bigint) is null and o.owner_id = u.id
        order by o.id limit 1
    )
    union all
    select o.id from book.portfolios o
    where (o.owner_id = u.id or u.role = 'admin') and o.id = coalesce(%(portfolio_id)s::bigint, (
        select k.portfolio_id from book.positions_at(%(known_at)s) k where k.id = %(position_id)s::bigint
    ))
) p on true
left join lateral (
    -- One look-up by key: a limit keeps the planner from scanning.
    select k.name, k.inception_date from book.portfolios_at(%(known_at)s) k where k.id = p.id limit 1
) known on true
left join lateral (
    select s.session from market.sessions s
    where s.session <= (t.clock at time zone 'America/New_York')::date and s.closes_at <= t.clock
    order by s.session desc limit 1
) latest on true
left join lateral (
    select s.closes_at from market.sessions s where s.session > latest.session order by s.session limit 1
) following on true
left join lateral (
    select s.session from market.sessions s
    where s.session <= least(%(as_of)s::date, latest.session)
    order by s.session desc limit 1
) asked on true
left join lateral (
    select n.session from analytics.snapshots_at(%(known_at)s) n
    where n.portfolio_id = p.id and n.session <= asked.session
    order by n.session desc limit 1
) stored on true
where u.id = %(user_id)s
