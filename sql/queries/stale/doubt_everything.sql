-- Nobody has logged what changed so far: every slice is stale until it has been recomputed once.
insert into analytics.stale_ranges (asset, portfolio_id, first_session, last_session, commit_id, cause)
select s.asset, s.portfolio_id, min(s.session), null, analytics.begin_commit(null, 'upgrade'), 'computed before changes were logged'
from analytics.slices s
where s.asset <> 'prices'
group by s.asset, s.portfolio_id
