insert into book.cash_flows as f (portfolio_id, flow_date, amount)
select n.* from unnest(%(portfolio_ids)s::bigint[], %(dates)s::date[], %(amounts)s::numeric[]) as n
on conflict (portfolio_id, flow_date) do update set amount = excluded.amount
where f.amount is distinct from excluded.amount
