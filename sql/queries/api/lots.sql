-- The lots of a portfolio with a row on a session: those held at its close, and those that ended on it.
select o.id, o.symbol, o.underlying, o.name, o.asset_class, o.position_type, o.quantity, o.multiplier, o.entry_price,
    o.entry_date, o.exit_date, o.option_type, o.strike, o.expiry, sec.sector,
    v.price, v.price_date, v.is_stale, v.is_unpriced, v.is_open, v.market_value,
    v.market_value - v.unrealized_pnl as cost_basis,
    case when s.net_asset_value > 0 then (v.market_value / s.net_asset_value)::double precision end as weight,
    v.daily_pnl, v.unrealized_pnl, g.delta, g.gamma, g.theta, g.vega, g.delta_adjusted_value,
    (
        select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'color', t.color) order by t.name), '[]')
        from book.position_tags_at(%(known_at)s) k
        cross join lateral (
            select n.id, n.name, n.color from book.tags_at(%(known_at)s) n where n.id = k.tag_id limit 1
        ) t
        where k.position_id = o.id
    ) as tags
from analytics.position_pnl_at(%(known_at)s) v
-- One look-up by key per lot, however many there are: a limit keeps the planner from scanning.
cross join lateral (
    select k.* from book.positions_at(%(known_at)s) k where k.id = v.position_id limit 1
) o
left join lateral (
    select k.* from analytics.position_greeks_at(%(known_at)s) k
    where k.session = v.session and k.portfolio_id = v.portfolio_id and k.position_id = v.position_id and k.model = 'mock'
    limit 1
) g on true
left join lateral (
    select k.sector from market.securities_at(%(known_at)s) k
    where k.symbol = coalesce(o.underlying, o.symbol) and o.asset_class <> 'PRIVATE' limit 1
) sec on true
left join analytics.snapshots_at(%(known_at)s) s on s.session = %(session)s and s.portfolio_id = %(portfolio_id)s
where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
