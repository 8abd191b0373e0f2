-- Lots of a portfolio that a commit changed or removed, as they were before it. A removed one with the tags it had, as far
-- as there still are such tags; a changed one with those it has.
select h.id, h.symbol, h.asset_class, h.quantity, h.entry_price, h.entry_date, h.exit_date, h.exit_price, h.multiplier,
    h.name, array(
        select t.name from book.position_tags k join book.tags t on t.id = k.tag_id where k.position_id = h.id
        union
        select t.name from book.position_tags_history k join book.tags t on t.id = k.tag_id
        where k.position_id = h.id and k.superseded_by = h.superseded_by
          and not exists (select from book.positions o where o.id = h.id)
    ) as tags
from book.positions_history h
where h.portfolio_id = %(portfolio_id)s and h.superseded_by = %(commit_id)s
order by h.id
