-- The portfolio's balance is its latest closing equity, in the transaction that wrote it.
update book.portfolios p
set equity_balance = latest.closing_equity, equity_as_of = latest.session
from unnest(%(portfolios)s::bigint[]) as planned(portfolio_id)
cross join lateral (
    select r.session, r.closing_equity from analytics.rolled_equity r
    where r.portfolio_id = planned.portfolio_id
    order by r.session desc
    limit 1
) as latest
where p.id = planned.portfolio_id
  and (p.equity_balance, p.equity_as_of) is distinct from (latest.closing_equity, latest.session)
