-- One lot on a session; figures are null where it has no row on it.
with lots as ({lots})
select row_to_json(answer)::text, null
from (
    select coalesce(%(missing)s::text, case when l.id is null then 'not_held' end) as reason,
        o.id, o.symbol, o.underlying, o.name, o.asset_class, o.position_type, o.quantity, o.multiplier, o.entry_price,
        o.entry_date, o.exit_date, o.exit_price, o.option_type, o.strike, o.expiry, l.sector,
        l.price, l.price_date, l.is_stale, l.is_unpriced, coalesce(l.is_open, false) as is_open, l.market_value, l.cost_basis,
        l.weight, l.daily_pnl, l.unrealized_pnl, l.delta, l.gamma, l.theta, l.vega, l.delta_adjusted_value,
        (
            select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'color', t.color) order by t.name), '[]')
            from book.position_tags_at(%(known_at)s) k
            cross join lateral (
                select n.id, n.name, n.color from book.tags_at(%(known_at)s) n where n.id = k.tag_id limit 1
            ) t
            where k.position_id = o.id
        ) as tags
    from book.positions_at(%(known_at)s) o
    left join lots l on l.id = o.id
    where o.id = %(position_id)s and o.portfolio_id = %(portfolio_id)s
) as answer
