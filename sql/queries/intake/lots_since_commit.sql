-- Lots of a portfolio that a commit wrote and that were changed or removed after it.
select array(
    select distinct h.id from book.positions_history h
    where h.portfolio_id = %(portfolio_id)s and h.commit_id = %(commit_id)s
    order by h.id
) as changed
