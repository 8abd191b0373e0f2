-- Every slice was established by a run that exists, in a commit of that run that is stamped, at an instant within both.
-- asset: snapshots
-- excused by: nothing
select 'slices' as table_name, s.session, s.portfolio_id, s.asset as item,
    case
        when r.run_id is null then format('there is no run %%s', s.run_id)
        when c.commit_id is null then format('there is no commit %%s', s.commit_id)
        when c.committed_at is null then format('commit %%s was never stamped', s.commit_id)
        when c.run_id is distinct from s.run_id then format('commit %%s is of another run than %%s', s.commit_id, s.run_id)
        else format('checked at %%s, outside of its run or after its commit', s.checked_at)
    end as detail
from analytics.slices s
left join analytics.runs r on r.run_id = s.run_id
left join analytics.commits c on c.commit_id = s.commit_id
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (r.run_id is null or c.committed_at is null or c.run_id is distinct from s.run_id
       or s.checked_at not between r.started_at and c.committed_at)
