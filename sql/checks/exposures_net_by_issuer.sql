-- Exposure netted by issuer is the sum over issuers of the absolute sum of their lots' values; null if one of these is unknown.
-- asset: snapshots
-- excused by: own
--
-- An option is on the issuer of its underlying; a private is an issuer of its own, whatever else has its symbol.
with issuers as (
    select v.session, v.portfolio_id, abs(sum(v.market_value)) as gross, abs(sum(g.delta_adjusted_value)) as delta_gross,
        count(*) > count(g.delta_adjusted_value) as is_unknown
    from analytics.position_pnl v
    join analytics.position_greeks g
        on g.session = v.session and g.portfolio_id = v.portfolio_id and g.position_id = v.position_id and g.model = 'mock'
    join book.positions b on b.id = v.position_id
    where v.session between %(start)s and %(end)s and g.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id, b.asset_class = 'PRIVATE', coalesce(b.underlying, b.symbol)
),
netted as (
    select i.session, i.portfolio_id, sum(i.gross) as gross, case when not bool_or(i.is_unknown) then sum(i.delta_gross) end as delta_gross
    from issuers i
    group by i.session, i.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('netted by issuer gross %%s, delta-adjusted %%s are not of lots %%s, %%s',
        coalesce(s.issuer_gross_exposure::text, 'null'), coalesce(s.delta_issuer_gross_exposure::text, 'null'),
        coalesce(found.gross::text, 'null'), coalesce(found.delta_gross::text, 'null')) as detail
from analytics.snapshots s
left join netted n on n.session = s.session and n.portfolio_id = s.portfolio_id
cross join lateral (
    select coalesce(n.gross, 0) as gross, case when n.session is null then 0 else n.delta_gross end as delta_gross
) as found
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.issuer_gross_exposure, s.delta_issuer_gross_exposure) is distinct from (found.gross, found.delta_gross)
