-- A lot of a user, held until the end of the transaction.
select o.id
from book.positions o join book.portfolios p on p.id = o.portfolio_id
where o.id = %(position_id)s and p.owner_id = %(owner_id)s
for no key update of o
