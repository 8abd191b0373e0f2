-- Change of cash = − cost of lots entered + exit values + value of yesterday's expiries + capital flow.
-- asset: snapshots
-- excused by: portfolio
--
-- Before the first session cash is the initial equity less the inherited lots at their inception value: the latest
-- close since their entry (where the portfolio overrides it, that), times the splits between (a private's latest mark),
-- else the entry price. A value is what every lot's is: quantity
-- × multiplier × price in binary floating point, rounded half to even to ten-thousandths; the sums are exact.
with lots as materialized ({lots}),
ended as materialized (
    select l.*, d.session, r.price, r.market_value
    from lots l
    join market.sessions d on d.session_index = l.last_index
    cross join lateral (
        -- Few: looked up by key, which the limit keeps the planner to.
        select v.price, v.market_value from analytics.position_pnl v
        where v.session = d.session and v.portfolio_id = l.portfolio_id and v.position_id = l.position_id
        limit 1
    ) as r
    where d.session between %(start)s::date - 15 and %(end)s
),
moves as (
    select l.portfolio_id, l.first_index as session_index,
        -(round(l.quantity::float8 * l.multiplier::float8 * l.entry_price::float8 * 10000)::bigint * 0.0001) as amount
    from lots l
    where not l.is_inherited and l.first_index <= coalesce(l.last_index, l.first_index)
    union all
    select e.portfolio_id, e.last_index, round(e.quantity::float8 * e.multiplier::float8 * e.price * 10000)::bigint * 0.0001
    from ended e
    where e.exit_index is not null and e.session >= %(start)s
    union all
    select e.portfolio_id, e.last_index + 1, e.market_value
    from ended e
    where e.exit_index is null
    union all
    select l.portfolio_id, l.first_index,
        -(round(l.quantity::float8 * l.multiplier::float8 * coalesce(held.price, l.entry_price::float8) * 10000)::bigint * 0.0001)
    from lots l
    join market.sessions d on d.session_index = l.first_index
    left join lateral (
        select given.price from (
            (
                select c.close * held.shares as price
                from (
                    select o.session, o.price::float8 as close from book.price_overrides o
                    where o.portfolio_id = l.portfolio_id and o.symbol = l.symbol
                    union all
                    select m.session, m.close from market.prices m
                    where m.symbol = l.symbol and not exists (
                        select from book.price_overrides o
                        where o.portfolio_id = l.portfolio_id and o.symbol = m.symbol and o.session = m.session
                    )
                ) as c
                cross join lateral (
                    select market.product(x.split_to / x.split_from order by x.execution_date) as shares
                    from market.splits x
                    where x.symbol = l.symbol and x.execution_date <= c.session
                      and x.execution_date > (select min(e.session) from market.sessions e where e.session >= l.entry_date)
                ) as held
                where l.asset_class <> 'PRIVATE' and c.session between l.entry_date and l.inception_date
                  and abs(round(l.quantity::float8 * l.multiplier::float8 * c.close * held.shares * 10000)) < 1e15
                order by c.session desc
                limit 1
            )
            union all
            (
                select m.price::float8 from book.private_marks m
                where l.asset_class = 'PRIVATE' and m.portfolio_id = l.portfolio_id and m.symbol = l.symbol
                  and m.mark_date <= l.inception_date
                  and abs(round(l.quantity::float8 * l.multiplier::float8 * m.price::float8 * 10000)) < 1e15
                order by m.mark_date desc
                limit 1
            )
        ) as given
    ) as held on true
    where l.is_inherited and l.first_index <= coalesce(l.last_index, l.first_index) and d.session between %(start)s and %(end)s
),
explained as (
    select m.portfolio_id, m.session_index, sum(m.amount) as amount from moves m group by m.portfolio_id, m.session_index
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('cash moved by %%s, entries, exits, expiries and flows explain %%s',
        s.cash - change.cash_before, coalesce(e.amount, 0) + r.capital_flow) as detail
from analytics.snapshots s
join book.portfolios p on p.id = s.portfolio_id
join market.sessions inception on inception.session = p.inception_date
join market.sessions d on d.session = s.session
join market.sessions before on before.session_index = d.session_index - 1
join analytics.rolled_equity r
    on r.session = s.session and r.portfolio_id = s.portfolio_id and r.session between %(start)s and %(end)s
left join analytics.snapshots previous
    on previous.session = before.session and previous.portfolio_id = s.portfolio_id
   and previous.session between %(start)s::date - 15 and %(end)s
left join explained e on e.portfolio_id = s.portfolio_id and e.session_index = d.session_index
cross join lateral (
    select case when before.session_index = inception.session_index then p.initial_equity else previous.cash end as cash_before
) as change
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and s.cash - change.cash_before <> coalesce(e.amount, 0) + r.capital_flow
