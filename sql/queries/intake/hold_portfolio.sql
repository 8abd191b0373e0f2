-- A portfolio of a user (none named: the user's first), held until the end of the transaction: one change of it at a time.
select p.id, p.name, p.inception_date, p.equity_as_of
from book.portfolios p
where p.owner_id = %(owner_id)s
  and p.id = coalesce(%(portfolio_id)s::bigint, (select min(f.id) from book.portfolios f where f.owner_id = %(owner_id)s))
for no key update
