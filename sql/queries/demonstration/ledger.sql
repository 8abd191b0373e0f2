-- What the ledger says of restatements after an instant.
select r.portfolio_id, r.session, r.causes, r.net_asset_value_change, r.daily_pnl_change, r.run_id
from analytics.restatements r
join analytics.commits c on c.commit_id = r.commit_id
where c.committed_at > %(since)s
order by r.portfolio_id, r.session
