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
        join book.tags_at(%(known_at)s) t on t.id = k.tag_id
        where k.position_id = o.id
    ) as tags
from analytics.position_pnl_at(%(known_at)s) v
join book.positions_at(%(known_at)s) o on o.id = v.position_id
left join analytics.position_greeks_at(%(known_at)s) g
    on g.session = v.session and g.portfolio_id = v.portfolio_id and g.position_id = v.position_id and g.model = 'mock'
left join analytics.snapshots_at(%(known_at)s) s on s.session = v.session and s.portfolio_id = v.portfolio_id
left join market.securities_at(%(known_at)s) sec
    on sec.symbol = coalesce(o.underlying, o.symbol) and o.asset_class <> 'PRIVATE'
where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
