-- The latest session of any portfolio, and the closed sessions after it.
select (select v.version_num from public.alembic_version v) as revision, stored.session,
    case when stored.session is not null then (
        select count(*) from market.sessions s where s.session > stored.session and s.closes_at <= t.now
    ) end as behind
from (select coalesce(%(now)s::timestamptz, clock_timestamp()) as now offset 0) t
cross join (select max(n.session) as session from analytics.snapshots n) stored
