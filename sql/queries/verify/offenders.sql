select q.table_name, q.session, q.portfolio_id, q.item, q.detail, count(*) over () as total
from ({check}) as q
order by q.session, q.portfolio_id nulls first, q.table_name, q.item
limit %(limit)s
