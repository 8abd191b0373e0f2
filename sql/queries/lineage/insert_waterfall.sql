insert into analytics.waterfalls (session, portfolio_id, from_commit, to_commit, metric, value_from, value_to, run_id)
select %(session)s, %(portfolio_id)s, %(from_commit)s, %(to_commit)s, m.metric, m.value_from, m.value_to, %(run_id)s
from unnest(%(metrics)s::text[], %(values_from)s::numeric[], %(values_to)s::numeric[]) as m (metric, value_from, value_to)
