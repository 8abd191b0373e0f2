-- The portfolio of that name, with the digest of what filled it last: uploads that were withdrawn do not count.
select p.id, p.initial_equity, p.inception_date,
    (select count(*)::integer from book.positions where portfolio_id = p.id) as positions,
    (
        select u.sha256 from book.uploads u
        where u.portfolio_id = p.id and not exists (select from book.withdrawals w where w.upload_id = u.id)
        order by u.id desc limit 1
    ) as digest
from book.portfolios p
where p.owner_id = %(owner_id)s and p.name = %(name)s
