-- Portfolios a run left out, each with the reason.
select l.key::bigint as portfolio_id, l.value as reason
from analytics.runs r cross join lateral jsonb_each_text(r.left_out) as l
where r.run_id = %(run_id)s
order by 1
