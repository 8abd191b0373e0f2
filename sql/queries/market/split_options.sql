-- Options held on a session whose underlying has been split since: the exchange has changed their terms.
select p.portfolio_id, p.symbol, s.execution_date, s.split_to / s.split_from
from book.positions p
join market.splits s on s.symbol = p.underlying
where s.execution_date > p.entry_date and s.execution_date <= %(session)s
  and p.entry_date <= %(session)s and (p.exit_date is null or p.exit_date >= %(session)s) and p.expiry >= %(session)s
order by p.portfolio_id, p.symbol
