select value_from, value_to
from analytics.waterfalls
where session = %(session)s and portfolio_id = %(portfolio_id)s
  and from_commit = %(from_commit)s and to_commit = %(to_commit)s and metric = %(metric)s
