-- The first session any book lives through, and the last stored.
select (select min(inception_date) from book.portfolios), (select max(session) from analytics.slices where asset = 'snapshots')
