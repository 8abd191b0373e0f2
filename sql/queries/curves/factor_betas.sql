select session,
    count(*) filter (where factor = 'market') as "symbols",
    count(*) filter (where beta is null) as "missing betas",
    avg(beta) filter (where factor = 'market') as "mean market beta"
from analytics.factor_betas
where session between %(start)s and %(end)s
group by session
