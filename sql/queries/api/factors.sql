-- Exposures of a portfolio to all factors, in their order.
select json_build_object('reason', %(missing)s::text, 'factors', json_agg(one))::text, null
from (
    select a.factor, a.name, a.proxy, f.exposure, f.delta_adjusted_exposure, f.dollar_exposure, f.coverage,
        coalesce(f.reason, case when f.session is null then 'not_materialized' end) as reason
    from unnest(%(factors)s::text[], %(names)s::text[], %(proxies)s::text[]) with ordinality as a(factor, name, proxy, place)
    left join analytics.factor_exposures_at(%(known_at)s) f
        on f.session = %(session)s and f.portfolio_id = %(portfolio_id)s and f.factor = a.factor
    order by a.place
) one
