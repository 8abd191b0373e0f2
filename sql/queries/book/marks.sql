select portfolio_id, symbol, mark_date, price
from book.private_marks_at(%(known_at)s)
where %(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[])
order by portfolio_id, symbol, mark_date
