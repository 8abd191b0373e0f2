select session, count(*) as "closes"
from market.prices
where session between %(start)s and %(end)s
group by session
