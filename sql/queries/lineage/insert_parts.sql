insert into analytics.waterfall_parts
    (session, portfolio_id, from_commit, to_commit, metric, place, cause, symbol, amount)
select %(session)s, %(portfolio_id)s, %(from_commit)s, %(to_commit)s, p.*
from unnest(%(metrics)s::text[], %(places)s::bigint[], %(causes)s::text[], %(symbols)s::text[], %(amounts)s::numeric[]) as p
