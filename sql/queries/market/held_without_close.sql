-- Symbols held on a session (an option's underlying, too) that have no close of it: the last one and its age in sessions.
select h.symbol, last.session, d.session_index - seen.session_index as age
from (
    select distinct x.symbol
    from book.positions p
    join book.portfolios b on b.id = p.portfolio_id
    cross join lateral (values (p.symbol), (p.underlying)) as x(symbol)
    where p.asset_class <> 'PRIVATE' and x.symbol is not null and b.inception_date < %(session)s
      and p.entry_date <= %(session)s
      and (p.exit_date is null or p.exit_date >= %(session)s)
      and (p.expiry is null or p.expiry >= %(session)s)
) as h
join market.sessions d on d.session = %(session)s
left join lateral (
    select c.session from market.prices c where c.symbol = h.symbol and c.session <= %(session)s order by c.session desc limit 1
) as last on true
left join market.sessions seen on seen.session = last.session
where last.session is distinct from %(session)s
order by h.symbol
