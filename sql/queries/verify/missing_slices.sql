-- Slices that should exist: of every portfolio's tables from the session after inception to the latest session
-- any of them has, of the tables by session (portfolio 0) over the sessions any portfolio has. is_overtaken:
-- something that is computed from or after the missing slice exists. A table by session may have later sessions: a run
-- that left all portfolios out stored them, and nothing goes on from the session before.
--
-- Slices are counted first, so that only tables that lack some are looked at by session.
select m.asset, m.portfolio_id, m.session, m.session_index,
    m.portfolio_id <> 0 and m.session_index < m.last_index
    or exists (
        select
        from unnest(
            array['position_pnl', 'rolled_equity', 'position_greeks', 'factor_exposures', 'risk_metrics', 'snapshots'],
            array[1, 2, 3, 6, 7, 8]
        ) as later (asset, place)
        join analytics.slices s on s.asset = later.asset and s.session = m.session
        where later.place > m.place and s.portfolio_id is not null and m.portfolio_id in (0, s.portfolio_id)
    ) as is_overtaken
from (
    with chain (asset, place, by_portfolio) as (
        values ('position_pnl', 1, true), ('rolled_equity', 2, true), ('position_greeks', 3, true),
            ('factor_returns', 4, false), ('factor_betas', 4, false), ('factor_covariance', 5, false),
            ('factor_exposures', 6, true), ('risk_metrics', 7, true), ('snapshots', 8, true)
    ),
    stored as (
        select s.asset, coalesce(s.portfolio_id, 0) as portfolio_id, array_agg(d.session_index) as indexes,
            max(d.session_index) as last_index
        from analytics.slices s
        join market.sessions d on d.session = s.session
        join chain c on c.asset = s.asset and c.by_portfolio = (s.portfolio_id is not null)
        where s.session between %(start)s and %(end)s
          and (%(portfolios)s::bigint[] is null or s.portfolio_id is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
        group by s.asset, coalesce(s.portfolio_id, 0)
    ),
    books as (
        select p.id as portfolio_id,
            (
                select d.session_index from market.sessions d
                where d.session > p.inception_date and d.session >= %(start)s
                order by d.session limit 1
            ) as from_index,
            max(s.last_index) as to_index
        from stored s
        join book.portfolios p on p.id = s.portfolio_id
        group by p.id
    ),
    expected as (
        select c.asset, c.place, b.portfolio_id, b.from_index, b.to_index from books b cross join chain c where c.by_portfolio
        union all
        select c.asset, c.place, 0, min(b.from_index), max(b.to_index)
        from books b cross join chain c
        where not c.by_portfolio
        group by c.asset, c.place
    ),
    lacking as (
        select e.*, coalesce(s.last_index, -1) as last_index, s.indexes
        from expected e
        left join stored s on s.asset = e.asset and s.portfolio_id = e.portfolio_id
        where (
            select count(*) from unnest(s.indexes) as i where i between e.from_index and e.to_index
        ) < e.to_index - e.from_index + 1
    )
    select l.asset, l.place, l.portfolio_id, l.last_index, d.session, d.session_index
    from lacking l
    join market.sessions d on d.session_index between l.from_index and l.to_index
    where not exists (select from unnest(l.indexes) as i where i = d.session_index)
) as m
