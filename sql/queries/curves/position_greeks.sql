select session,
    sum(delta_adjusted_value) as "delta-adjusted value, net (USD)",
    count(*) as "lots",
    count(*) filter (where delta_adjusted_value is null) as "lots without an underlying price"
from analytics.position_greeks
where session between %(start)s and %(end)s
group by session
