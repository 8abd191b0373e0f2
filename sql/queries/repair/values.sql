select session, net_asset_value
from analytics.snapshots
where portfolio_id = %(portfolio_id)s
order by session
