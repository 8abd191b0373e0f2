select session, count(*) as row_count
from {table}
where session between %(start)s and %(end)s
group by session
order by session
