-- Commits that established earlier versions of slices.
select distinct session, coalesce(portfolio_id, 0) as portfolio_id, commit_id
from analytics.slices_history
where asset = %(asset)s and session between %(start)s and %(end)s and isfinite(session)
