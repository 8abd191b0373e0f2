-- Greeks of a portfolio's lots: all of them, the longs (LONG, LC, LP) or the shorts (SHORT, SC, SP). Those of the whole
-- portfolio are the stored ones.
with lots as (
    select o.id, o.position_type, g.delta, g.gamma, g.theta, g.vega, g.delta_adjusted_value, g.model, v.is_open
    from analytics.position_pnl_at(%(known_at)s) v
    cross join lateral (
        select k.id, k.position_type from book.positions_at(%(known_at)s) k where k.id = v.position_id limit 1
    ) o
    cross join lateral (
        select k.* from analytics.position_greeks_at(%(known_at)s) k
        where k.session = v.session and k.portfolio_id = v.portfolio_id and k.position_id = v.position_id
          and k.model = 'mock'
        limit 1
    ) g
    where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
      and (o.position_type = any(%(types)s::text[]))
), totals as (
    select sum(l.delta order by l.id) as delta, sum(l.gamma order by l.id) as gamma, sum(l.theta order by l.id) as theta,
        sum(l.vega order by l.id) as vega,
        case when count(*) = count(l.delta_adjusted_value) then coalesce(sum(l.delta_adjusted_value), 0) end
            as delta_adjusted_value,
        count(*) filter (where l.is_open) as position_count
    from lots l
)
select json_build_object(
        'reason', coalesce(%(missing)s::text, case when t.delta_adjusted_value is null then 'no_underlying_price' end),
        'view', %(view)s::text,
        'model', 'mock',
        'delta', case when s.session is not null then
            case when %(view)s::text = 'portfolio' then s.delta else coalesce(t.delta, 0) end end,
        'gamma', case when s.session is not null then
            case when %(view)s::text = 'portfolio' then s.gamma else coalesce(t.gamma, 0) end end,
        'theta', case when s.session is not null then
            case when %(view)s::text = 'portfolio' then s.theta else coalesce(t.theta, 0) end end,
        'vega', case when s.session is not null then
            case when %(view)s::text = 'portfolio' then s.vega else coalesce(t.vega, 0) end end,
        'delta_adjusted_value', case when s.session is not null then t.delta_adjusted_value end,
        'position_count', case when s.session is not null then t.position_count end,
        'by_type', (
            select coalesce(json_agg(one order by one.position_type), '[]')
            from (
                select l.position_type, sum(l.delta order by l.id) as delta, sum(l.gamma order by l.id) as gamma,
                    sum(l.theta order by l.id) as theta, sum(l.vega order by l.id) as vega,
                    case when count(*) = count(l.delta_adjusted_value) then sum(l.delta_adjusted_value) end
                        as delta_adjusted_value,
                    count(*) filter (where l.is_open) as position_count
                from lots l group by l.position_type
            ) one
        )
    )::text,
    null
from totals t
left join analytics.snapshots_at(%(known_at)s) s on s.session = %(session)s and s.portfolio_id = %(portfolio_id)s
