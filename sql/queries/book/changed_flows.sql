-- The cash flows that are new or differ from what is stored.
select n.portfolio_id, n.flow_date, n.amount, f.amount is not null as is_correction
from unnest(%(portfolio_ids)s::bigint[], %(dates)s::date[], %(amounts)s::numeric[])
    as n (portfolio_id, flow_date, amount)
left join book.cash_flows f using (portfolio_id, flow_date)
where f.amount is distinct from n.amount
