select portfolio_id, flow_date, amount
from book.cash_flows_at(%(known_at)s)
where %(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[])
order by portfolio_id, flow_date
