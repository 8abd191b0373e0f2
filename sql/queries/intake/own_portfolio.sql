-- A portfolio the user may ask about: one's own, an administrator's any; without an id one's first.
select p.id, %(known_to)s::timestamptz > clock_timestamp() as is_future
from book.users u
join book.portfolios p on p.owner_id = u.id and %(portfolio_id)s::bigint is null
    or p.id = %(portfolio_id)s::bigint and (p.owner_id = u.id or u.role = 'admin')
where u.id = %(user_id)s
order by p.id
limit 1
