-- Covariance of all pairs of factors.
select json_build_object('reason', %(missing)s::text, 'factors', %(factors)s::text[], 'items', json_agg(one))::text, null
from (
    select a.factor_a, a.factor_b, c.covariance,
        case when c.session is null then 'not_materialized' when c.covariance is null then 'too_few_observations' end as reason
    from unnest(%(factors_a)s::text[], %(factors_b)s::text[]) with ordinality as a(factor_a, factor_b, place)
    left join analytics.factor_covariance_at(%(known_at)s) c
        on c.session = %(session)s and c.factor_a = a.factor_a and c.factor_b = a.factor_b
    order by a.place
) one
