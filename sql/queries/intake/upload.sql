-- An upload to a portfolio of a user: the commit that wrote its lots, and whether it was withdrawn.
select u.portfolio_id, u.commit_id, exists (select from book.withdrawals w where w.upload_id = u.id) as is_withdrawn
from book.uploads u join book.portfolios p on p.id = u.portfolio_id
where u.id = %(upload_id)s and p.owner_id = %(owner_id)s
