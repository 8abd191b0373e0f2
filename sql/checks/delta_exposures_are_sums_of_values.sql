-- Delta-adjusted exposures are the sums of the lots' delta-adjusted values by sign; null if one of these is unknown.
-- asset: snapshots
-- excused by: own
with lots as (
    select v.session, v.portfolio_id,
        coalesce(sum(v.delta_adjusted_value) filter (where v.delta_adjusted_value > 0), 0) as long,
        coalesce(sum(v.delta_adjusted_value) filter (where v.delta_adjusted_value < 0), 0) as short,
        count(*) > count(v.delta_adjusted_value) as is_unknown
    from analytics.position_greeks v
    where v.session between %(start)s and %(end)s and v.model = 'mock'
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('delta-adjusted long %%s, short %%s, gross %%s, net %%s are not of lots long %%s, short %%s',
        coalesce(s.delta_long_exposure::text, 'null'), coalesce(s.delta_short_exposure::text, 'null'),
        coalesce(s.delta_gross_exposure::text, 'null'), coalesce(s.delta_net_exposure::text, 'null'),
        coalesce(known.long::text, 'null'), coalesce(known.short::text, 'null')) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
cross join lateral (
    select case when not coalesce(v.is_unknown, false) then coalesce(v.long, 0) end as long,
        case when not coalesce(v.is_unknown, false) then coalesce(v.short, 0) end as short
) as known
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure) is distinct from
      (known.long, known.short, known.long - known.short, known.long + known.short)
