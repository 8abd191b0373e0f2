-- Slices that should exist: of every portfolio's tables from the session after inception to the latest session
-- any of them has, of the tables by session over the sessions any portfolio has. is_overtaken: something that is
-- computed from or after the missing slice exists.
with chain (asset, place, by_portfolio) as (
    values ('position_pnl', 1, true), ('rolled_equity', 2, true), ('position_greeks', 3, true), ('factor_returns', 4, false),
        ('factor_betas', 4, false), ('factor_covariance', 5, false), ('factor_exposures', 6, true), ('risk_metrics', 7, true),
        ('snapshots', 8, true)
),
stored as (
    select c.asset, c.place, coalesce(s.portfolio_id, 0) as portfolio_id, s.session
    from analytics.slices s
    join chain c on c.asset = s.asset and c.by_portfolio = (s.portfolio_id is not null)
    where s.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or s.portfolio_id is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
),
latest as (
    select p.id as portfolio_id, p.inception_date, max(s.session) as session
    from stored s join book.portfolios p on p.id = s.portfolio_id
    group by p.id
),
expected as (
    select l.portfolio_id, d.session, d.session_index, c.asset, c.place
    from latest l
    join market.sessions d on d.session > l.inception_date and d.session between %(start)s and l.session
    cross join chain c
    where c.by_portfolio
    union all
    select 0, d.session, d.session_index, c.asset, c.place
    from (select min(greatest(l.inception_date + 1, %(start)s::date)) as first, max(l.session) as last from latest l) as firm
    join market.sessions d on d.session between firm.first and firm.last
    cross join chain c
    where not c.by_portfolio
),
missing as (
    select e.* from expected e
    where not exists (
        select from stored s where s.asset = e.asset and s.portfolio_id = e.portfolio_id and s.session = e.session
    )
)
select m.asset, m.portfolio_id, m.session, m.session_index,
    exists (
        select from stored s where s.session = m.session and s.place > m.place and (m.portfolio_id in (0, s.portfolio_id))
    )
    or exists (
        select from stored s where s.asset = m.asset and s.portfolio_id = m.portfolio_id and s.session > m.session
    ) as is_overtaken
from missing m
