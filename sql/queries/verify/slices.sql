-- Manifest entries of a table that are well formed, with the instants that tell what they can have known.
-- Instants are microseconds since 1970.
select s.session, coalesce(s.portfolio_id, 0) as portfolio_id, s.code_version, s.input_hash, s.output_digest, s.row_count,
    s.commit_id, hashtextextended(s.run_id, 0) as run,
    coalesce((extract(epoch from c.committed_at) * 1000000)::bigint, 0) as committed_at,
    coalesce((extract(epoch from r.input_instant) * 1000000)::bigint, 0) as input_instant
from analytics.slices s
join market.sessions d on d.session = s.session
left join analytics.commits c on c.commit_id = s.commit_id
left join analytics.runs r on r.run_id = s.run_id
where s.asset = %(asset)s
  and s.session between %(start)s and %(end)s
  and (s.portfolio_id is not null) = %(by_portfolio)s
  and coalesce(s.portfolio_id, 1) between 1 and 1099511627775
  and octet_length(s.input_hash) = 16 and octet_length(s.output_digest) = 16
  and octet_length(s.code_version) <= 16 and s.code_version ~ '^[!-~]+$'
order by s.session, coalesce(s.portfolio_id, 0)
