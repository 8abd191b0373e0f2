select array(
    select g.id from unnest(%(portfolio_ids)s::bigint[]) as g (id)
    where not exists (select from book.portfolios p where p.id = g.id)
    order by g.id
) as missing
