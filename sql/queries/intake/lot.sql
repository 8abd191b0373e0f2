-- One lot of a portfolio as a file would say it.
select o.id, o.symbol, o.asset_class, o.quantity, o.entry_price, o.entry_date, o.exit_date, o.exit_price, o.multiplier,
    o.name, array(
        select t.name from book.position_tags k join book.tags t on t.id = k.tag_id where k.position_id = o.id
    ) as tags
from book.positions o
where o.portfolio_id = %(portfolio_id)s and o.id = %(position_id)s
