-- A portfolio of a user, held until the end of the transaction: one change of it at a time.
select p.inception_date, p.equity_as_of
from book.portfolios p
where p.id = %(portfolio_id)s and p.owner_id = %(owner_id)s
for no key update
