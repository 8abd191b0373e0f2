-- Rows that hold what no writer writes: a value that only stands for null, or one beyond its column's bounds.
select session::text as session, {portfolio_id} as portfolio_id, concat_ws(' ', {key}) as item
from {table}
where (%(whole)s or session between %(start)s and %(end)s) and ({foreign})
order by session
limit %(limit)s
