-- The hash of a user's password, and the user's first portfolio.
select u.id, u.password_hash, (select min(p.id) from book.portfolios p where p.owner_id = u.id) as portfolio_id
from book.login(%(username)s) u
