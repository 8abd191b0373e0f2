insert into book.price_overrides as m (portfolio_id, symbol, session, price)
select n.* from unnest(%(portfolio_ids)s::bigint[], %(symbols)s::text[], %(dates)s::date[], %(prices)s::numeric[]) as n
on conflict (portfolio_id, symbol, session) do update set price = excluded.price
where m.price is distinct from excluded.price
