-- The portfolio of that name, with the digest of what filled it last.
select p.id, p.initial_equity, p.inception_date,
    (select count(*)::integer from book.positions where portfolio_id = p.id) as positions,
    (select u.sha256 from book.uploads u where u.portfolio_id = p.id order by u.id desc limit 1) as digest
from book.portfolios p
where p.owner_id = %(owner_id)s and p.name = %(name)s
