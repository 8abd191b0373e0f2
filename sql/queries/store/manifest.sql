select session, coalesce(portfolio_id, 0) as portfolio_id, code_version, input_hash, output_digest, row_count
from analytics.slices
where asset = %(asset)s
  and session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[]))
