-- The code versions behind a portfolio's snapshots up to a session, as known at an instant.
select distinct asset, code_version
from analytics.slices_at(%(known_at)s)
where portfolio_id = %(portfolio_id)s and session <= %(session)s
  and asset in ('position_pnl', 'rolled_equity', 'position_greeks', 'snapshots')
