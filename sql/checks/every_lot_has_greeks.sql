-- Greeks exist for exactly the lots that have a value.
-- asset: position_greeks
-- excused by: own
--
-- Slices are compared by the number of their lots, the sum of these and what their hashes come to; only those that differ
-- are looked at lot by lot.
with valued as (
    select p.session, p.portfolio_id, count(*) as lots, sum(p.position_id) as ids, bit_xor(hashint8extended(p.position_id, 1)) as hash
    from analytics.position_pnl p
    where p.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or p.portfolio_id = any(%(portfolios)s::bigint[]))
    group by p.session, p.portfolio_id
),
sensitive as (
    select g.session, g.portfolio_id, count(*) as lots, sum(g.position_id) as ids, bit_xor(hashint8extended(g.position_id, 1)) as hash
    from analytics.position_greeks g
    where g.session between %(start)s and %(end)s and g.model = 'mock'
      and (%(portfolios)s::bigint[] is null or g.portfolio_id = any(%(portfolios)s::bigint[]))
    group by g.session, g.portfolio_id
),
differing as materialized (
    select coalesce(v.session, g.session) as session, coalesce(v.portfolio_id, g.portfolio_id) as portfolio_id
    from (
        select v.* from valued v
        join analytics.slices s on s.asset = 'position_greeks' and s.session = v.session and s.portfolio_id = v.portfolio_id
    ) as v
    full join sensitive g on g.session = v.session and g.portfolio_id = v.portfolio_id
    where (v.lots, v.ids, v.hash) is distinct from (g.lots, g.ids, g.hash)
)
select 'position_greeks' as table_name, d.session, d.portfolio_id, format('position %%s', found.position_id) as item, found.detail
from differing d
cross join lateral (
    select v.position_id, 'the lot has no Greeks' as detail from analytics.position_pnl v
    where v.session = d.session and v.portfolio_id = d.portfolio_id and not exists (
        select from analytics.position_greeks g
        where g.session = v.session and g.portfolio_id = v.portfolio_id and g.position_id = v.position_id and g.model = 'mock'
    )
    union all
    select g.position_id, 'the Greeks are of no lot' from analytics.position_greeks g
    where g.session = d.session and g.portfolio_id = d.portfolio_id and g.model = 'mock' and not exists (
        select from analytics.position_pnl v
        where v.session = g.session and v.portfolio_id = g.portfolio_id and v.position_id = g.position_id
    )
) as found
