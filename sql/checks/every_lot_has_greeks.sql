-- Greeks exist for exactly the lots that have a value.
-- asset: position_greeks
-- excused by: own
select 'position_greeks' as table_name, coalesce(v.session, g.session) as session,
    coalesce(v.portfolio_id, g.portfolio_id) as portfolio_id,
    format('position %%s', coalesce(v.position_id, g.position_id)) as item,
    case when g.session is null then 'the lot has no Greeks' else 'the Greeks are of no lot' end as detail
from (
    select p.session, p.portfolio_id, p.position_id from analytics.position_pnl p
    join analytics.slices s on s.asset = 'position_greeks' and s.session = p.session and s.portfolio_id = p.portfolio_id
    where p.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or p.portfolio_id = any(%(portfolios)s::bigint[]))
) as v
full join (
    select p.session, p.portfolio_id, p.position_id from analytics.position_greeks p
    where p.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or p.portfolio_id = any(%(portfolios)s::bigint[]))
) as g on g.session = v.session and g.portfolio_id = v.portfolio_id and g.position_id = v.position_id
where v.session is null or g.session is null
