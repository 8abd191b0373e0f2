-- Eight factor rows per portfolio and session, null with a reason and only with one.
-- asset: factor_exposures
-- excused by: own
with counted as (
    select s.session, s.portfolio_id,
        array_agg(e.factor order by e.factor) filter (where e.factor is not null) as factors
    from analytics.slices s
    left join analytics.factor_exposures e on e.session = s.session and e.portfolio_id = s.portfolio_id
    where s.asset = 'factor_exposures' and s.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
    group by s.session, s.portfolio_id
)
select 'factor_exposures' as table_name, c.session, c.portfolio_id, null::text as item,
    format('the factors are %%s', coalesce(array_to_string(c.factors, ', '), 'none')) as detail
from counted c
where c.factors is distinct from
    array['growth', 'low_volatility', 'market', 'momentum', 'quality', 'short_interest', 'size', 'value']
union all
select 'factor_exposures', e.session, e.portfolio_id, e.factor,
    format('exposure %%s, delta-adjusted %%s (%%s USD) with reason %%s', coalesce(e.exposure::text, 'null'),
        coalesce(e.delta_adjusted_exposure::text, 'null'), coalesce(e.dollar_exposure::text, 'null'), coalesce(e.reason, 'null'))
from analytics.factor_exposures e
where e.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or e.portfolio_id = any(%(portfolios)s::bigint[]))
  and (
      (e.exposure is null) <> (e.reason is not null and e.reason <> 'no_underlying_price')
      or (e.delta_adjusted_exposure is null and e.reason is null)
      or (e.exposure is null and e.delta_adjusted_exposure is not null)
      or (e.dollar_exposure is null) <> (e.delta_adjusted_exposure is null)
  )
