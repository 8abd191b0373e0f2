-- Differs whenever a lot or the terms of a portfolio were written.
select md5(concat_ws(';', p.commit_id, (
    select string_agg(o.id || ':' || o.commit_id, ',' order by o.id) from book.positions o where o.portfolio_id = p.id
))) as version
from book.portfolios p
where p.id = %(portfolio_id)s
