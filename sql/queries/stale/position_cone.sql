-- If a position were another, or gone.
select k.*
from book.positions b
cross join (values ('lots'), ('holdings')) as i (input)
cross join lateral analytics.book_cone(i.input, b.portfolio_id, b.entry_date) as k
where b.id = %(position)s
