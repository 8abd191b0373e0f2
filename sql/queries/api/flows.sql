-- A page of a portfolio's cash flows between two dates, as known at an instant.
with page as (
    select f.flow_date::text as key, json_build_object('flow_date', f.flow_date, 'amount', f.amount) as item
    from book.cash_flows_at(%(known_at)s) f
    where f.portfolio_id = %(portfolio_id)s
      and f.flow_date between coalesce(%(start)s::date, '-infinity') and coalesce(%(end)s::date, 'infinity')
      and f.flow_date > coalesce(%(after)s::date, '-infinity')
    order by f.flow_date
    limit %(limit)s + 1
), {recorded}
