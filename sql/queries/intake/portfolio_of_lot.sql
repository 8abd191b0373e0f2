-- The portfolio of a user's lot.
select o.portfolio_id
from book.positions o join book.portfolios p on p.id = o.portfolio_id
where o.id = %(position_id)s and p.owner_id = %(owner_id)s
