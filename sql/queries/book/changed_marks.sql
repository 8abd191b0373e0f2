-- The marks that are new or differ from what is stored.
select n.portfolio_id, n.symbol, n.mark_date, n.price, m.price is not null as is_correction
from unnest(%(portfolio_ids)s::bigint[], %(symbols)s::text[], %(dates)s::date[], %(prices)s::numeric[])
    as n (portfolio_id, symbol, mark_date, price)
left join book.private_marks m using (portfolio_id, symbol, mark_date)
where m.price is distinct from n.price
