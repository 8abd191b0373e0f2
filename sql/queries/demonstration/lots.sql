-- Lots of a symbol that are open at the close of a session, with its close.
select b.portfolio_id, b.quantity * b.multiplier as units, p.close
from book.positions b
join market.prices p on p.symbol = b.symbol and p.session = %(session)s
where b.symbol = %(symbol)s and b.entry_date <= %(session)s and coalesce(b.exit_date, 'infinity') > %(session)s
order by b.id
