select p.id, p.name, u.username as owner, p.inception_date
from book.portfolios p
join book.users u on u.id = p.owner_id
where (p.name = any(%(names)s::text[]) or p.id = any(%(ids)s::bigint[]))
    and (%(owner_id)s::bigint is null or p.owner_id = %(owner_id)s)
order by p.id
