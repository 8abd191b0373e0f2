select id as portfolio_id, initial_equity, inception_date
from book.portfolios_at(%(known_at)s)
where %(portfolios)s::bigint[] is null or id = any(%(portfolios)s::bigint[])
order by id
