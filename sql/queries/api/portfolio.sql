-- A portfolio at the close of a session; figures are null where no session is stored.
with overridden as materialized (
    select k.symbol, k.session from book.price_overrides_at(%(known_at)s) k where k.portfolio_id = %(portfolio_id)s
), lots as materialized (
    select v.position_id as id, o.symbol, o.position_type, v.is_open, v.market_value, v.daily_pnl, v.unrealized_pnl,
        g.delta_adjusted_value, case when w.symbol is not null then 'override' else m.source end as source,
        case when o.asset_class = 'PRIVATE' then 'private ' || o.symbol else coalesce(o.underlying, o.symbol) end as issuer
    from analytics.position_pnl_at(%(known_at)s) v
    -- One look-up by key per lot, however many lots and prices there are: a limit keeps the planner from scanning.
    cross join lateral (
        select k.symbol, k.underlying, k.asset_class, k.position_type from book.positions_at(%(known_at)s) k
        where k.id = v.position_id limit 1
    ) o
    left join lateral (
        select k.delta_adjusted_value from analytics.position_greeks_at(%(known_at)s) k
        where k.session = v.session and k.portfolio_id = v.portfolio_id and k.position_id = v.position_id and k.model = 'mock'
        limit 1
    ) g on true
    left join lateral (
        select k.source from market.prices_at(%(known_at)s) k
        where k.session = v.price_date and k.symbol = o.symbol and o.asset_class <> 'PRIVATE' limit 1
    ) m on true
    left join overridden w on w.symbol = o.symbol and w.session = v.price_date and o.asset_class <> 'PRIVATE'
    where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
), issuers as (
    select abs(sum(l.market_value)) as gross, abs(sum(l.delta_adjusted_value)) as delta_gross,
        count(*) = count(l.delta_adjusted_value) as is_known
    from lots l group by l.issuer
), movers as (
    select l.id, l.symbol, l.position_type, l.daily_pnl,
        row_number() over (order by l.daily_pnl desc, l.id) as from_top,
        row_number() over (order by l.daily_pnl, l.id) as from_bottom
    from lots l
)
select row_to_json(answer)::text, null
from (
    select coalesce(%(missing)s::text, s.reason) as reason, p.name, p.inception_date, p.initial_equity,
        coalesce(e.closing_equity, p.initial_equity) as equity_balance,
        coalesce(e.session, p.inception_date) as equity_as_of,
        s.net_asset_value, s.cash,
        s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure,
        s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure,
        case when s.session is not null then i.gross end as issuer_gross_exposure,
        case when s.session is not null then i.delta_gross end as delta_issuer_gross_exposure,
        s.daily_pnl, s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl,
        case when s.session is not null then h.unrealized_pnl end as unrealized_pnl,
        s.daily_return, r.mtd_return, r.ytd_return,
        case when s.net_asset_value > 0 then (s.gross_exposure / s.net_asset_value)::double precision end as leverage,
        case when s.net_asset_value > 0 then (i.gross / s.net_asset_value)::double precision end as issuer_leverage,
        s.position_count,
        case when s.session is not null then h.positions_by_type end as positions_by_type,
        case when s.session is not null then t.top_movers end as top_movers,
        case when s.session is not null then json_build_object(
            'priced', s.position_count - s.stale_positions - s.unpriced_positions,
            'stale', s.stale_positions,
            'unpriced', s.unpriced_positions
        ) end as coverage,
        coalesce(h.price_sources, '[]') as price_sources,
        coalesce(h.simulated_prices, false) as simulated_prices,
        true as price_return_only
    from book.portfolios_at(%(known_at)s) p
    left join analytics.snapshots_at(%(known_at)s) s on s.portfolio_id = p.id and s.session = %(session)s
    left join lateral (
        select q.session, q.closing_equity from analytics.rolled_equity_at(%(known_at)s) q
        where q.portfolio_id = p.id
        order by q.session desc limit 1
    ) e on true
    left join lateral (
        -- A return below -1 has no logarithm; with one, or one missing, the chain is broken.
        select case when count(*) = count(*) filter (where d.daily_return > -1)
                then exp(sum(ln(1 + d.daily_return)) filter (where d.daily_return > -1)) - 1 end as ytd_return,
            case when count(*) filter (where d.in_month) = count(*) filter (where d.in_month and d.daily_return > -1)
                then exp(sum(ln(1 + d.daily_return)) filter (where d.in_month and d.daily_return > -1)) - 1 end as mtd_return
        from (
            select y.daily_return, y.session >= date_trunc('month', %(session)s::date)::date as in_month
            from analytics.snapshots_at(%(known_at)s) y
            where y.portfolio_id = p.id and y.session between date_trunc('year', %(session)s::date)::date and %(session)s
            order by y.session
        ) d
    ) r on true
    cross join (
        select json_build_object(
                'LONG', count(*) filter (where l.position_type = 'LONG'),
                'SHORT', count(*) filter (where l.position_type = 'SHORT'),
                'LC', count(*) filter (where l.position_type = 'LC'),
                'SC', count(*) filter (where l.position_type = 'SC'),
                'LP', count(*) filter (where l.position_type = 'LP'),
                'SP', count(*) filter (where l.position_type = 'SP')
            ) as positions_by_type,
            json_agg(distinct l.source order by l.source) filter (where l.source is not null) as price_sources,
            bool_or(l.source = 'simulated') as simulated_prices,
            coalesce(sum(l.unrealized_pnl), 0) as unrealized_pnl
        from lots l
        where l.is_open
    ) h
    cross join (
        select coalesce(sum(n.gross), 0) as gross,
            case when coalesce(bool_and(n.is_known), true) then coalesce(sum(n.delta_gross), 0) end as delta_gross
        from issuers n
    ) i
    cross join (
        select json_build_object(
                'gains', coalesce(json_agg(json_build_object(
                    'id', o.id, 'symbol', o.symbol, 'position_type', o.position_type, 'daily_pnl', o.daily_pnl
                ) order by o.from_top) filter (where o.from_top <= 5 and o.daily_pnl > 0), '[]'),
                'losses', coalesce(json_agg(json_build_object(
                    'id', o.id, 'symbol', o.symbol, 'position_type', o.position_type, 'daily_pnl', o.daily_pnl
                ) order by o.from_bottom) filter (where o.from_bottom <= 5 and o.daily_pnl < 0), '[]')
            ) as top_movers
        from movers o
    ) t
    where p.id = %(portfolio_id)s
) as answer
