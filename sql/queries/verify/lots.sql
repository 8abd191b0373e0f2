-- Lots of the book placed on the calendar: index of the first and the last session with a row, and what ends them.
select l.*, least(l.exit_index, l.expiry_index) as last_index
from (
    select b.id as position_id, b.portfolio_id, b.symbol, b.asset_class, b.quantity, b.multiplier, b.entry_price, b.entry_date,
        p.inception_date, b.entry_date <= p.inception_date as is_inherited,
        greatest(coalesce(entry.session_index, 2147483647), inception.session_index + 1) as first_index,
        case when b.exit_date is not null then least(exit.session_index, expiry.session_index) end as exit_index,
        expiry.session_index as expiry_index
    from book.positions b
    join book.portfolios p on p.id = b.portfolio_id
    join market.sessions inception on inception.session = p.inception_date
    left join lateral (
        select c.session_index from market.sessions c where c.session >= b.entry_date order by c.session limit 1
    ) as entry on true
    left join lateral (
        select c.session_index from market.sessions c where c.session >= b.exit_date order by c.session limit 1
    ) as exit on true
    left join lateral (
        select c.session_index from market.sessions c where c.session <= b.expiry order by c.session desc limit 1
    ) as expiry on true
    where %(portfolios)s::bigint[] is null or b.portfolio_id = any(%(portfolios)s::bigint[])
) as l
