-- Sessions any portfolio has a snapshot of.
select distinct session from analytics.slices where asset = 'snapshots' order by session
