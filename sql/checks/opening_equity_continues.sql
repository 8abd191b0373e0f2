-- Opening equity is the previous session's closing equity; on the first session after inception the initial equity.
-- asset: rolled_equity
-- excused by: own
select 'rolled_equity' as table_name, r.session, r.portfolio_id, null::text as item,
    case
        when before.session_index = inception.session_index then
            format('opening %%s is not the initial equity %%s', r.opening_equity, p.initial_equity)
        when previous.closing_equity is null then format('there is no equity on the session before, %%s', before.session)
        else format('opening %%s is not the previous closing %%s', r.opening_equity, previous.closing_equity)
    end as detail
from analytics.rolled_equity r
join book.portfolios p on p.id = r.portfolio_id
join market.sessions inception on inception.session = p.inception_date
join market.sessions d on d.session = r.session
join market.sessions before on before.session_index = d.session_index - 1
left join analytics.rolled_equity previous
    on previous.session = before.session and previous.portfolio_id = r.portfolio_id
   and previous.session between %(start)s::date - 15 and %(end)s
where r.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
  and r.opening_equity is distinct from
      case when before.session_index = inception.session_index then p.initial_equity else previous.closing_equity end
