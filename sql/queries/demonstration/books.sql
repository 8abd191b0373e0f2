-- The portfolios, and the latest session that each has a snapshot of.
select p.id, p.name, min(s.session) as first_session, max(s.session) as last_session
from book.portfolios p
join analytics.snapshots s on s.portfolio_id = p.id
group by p.id, p.name
order by p.id
