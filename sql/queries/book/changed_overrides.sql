-- The price overrides that are new or differ from what is stored.
select n.portfolio_id, n.symbol, n.session, n.price, m.price is not null as is_correction
from unnest(%(portfolio_ids)s::bigint[], %(symbols)s::text[], %(dates)s::date[], %(prices)s::numeric[])
    as n (portfolio_id, symbol, session, price)
left join book.price_overrides m using (portfolio_id, symbol, session)
where m.price is distinct from n.price
