-- How many slices of a table each portfolio has between its first and last planned session.
select p.portfolio_id, count(s.session) as slices
from unnest(%(portfolios)s::bigint[], %(first)s::date[], %(last)s::date[]) as p(portfolio_id, first, last)
join {slices} s on s.asset = %(asset)s and s.portfolio_id = p.portfolio_id and s.session between p.first and p.last
group by p.portfolio_id
