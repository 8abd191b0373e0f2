-- A slice as known at an instant (null: now), with the instants that say what its run read.
select s.run_id, s.code_version, s.input_hash, s.output_digest, s.commit_id, c.committed_at, r.input_instant, s.portfolio_id
from analytics.slices_at(%(known_at)s) s
join analytics.commits c on c.commit_id = s.commit_id
left join analytics.runs r on r.run_id = s.run_id
where s.asset = %(asset)s and s.session = %(session)s and s.portfolio_id is not distinct from %(portfolio_id)s::bigint
