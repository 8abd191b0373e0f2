-- What results a computation goes on from: equity since inception, and the values of the session before.
select asset, session, portfolio_id, output_digest
from analytics.slices
where portfolio_id = any(%(portfolios)s::bigint[])
  and ((asset = 'rolled_equity' and session < %(start)s) or (asset = 'position_pnl' and session = %(before)s))
order by asset, session, portfolio_id
