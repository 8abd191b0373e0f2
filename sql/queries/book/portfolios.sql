-- One row per portfolio in scope, with the last session its equity is rolled to.
select p.id as portfolio_id, p.initial_equity, p.inception_date,
    (select max(r.session) from analytics.rolled_equity r where r.portfolio_id = p.id) as stored_last
from book.portfolios_at(%(known_at)s) p
where %(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[])
order by p.id
