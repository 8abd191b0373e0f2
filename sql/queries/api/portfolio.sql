-- A portfolio at the close of a session; figures are null where no session is stored.
select row_to_json(answer)::text, null
from (
    select coalesce(%(missing)s::text, s.reason) as reason, p.name, p.inception_date, p.initial_equity,
        coalesce(e.closing_equity, p.initial_equity) as equity_balance,
        coalesce(e.session, p.inception_date) as equity_as_of,
        s.net_asset_value, s.cash,
        s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure,
        s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure,
        s.daily_pnl, s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl, s.daily_return, r.mtd_return, r.ytd_return,
        case when s.net_asset_value > 0 then (s.gross_exposure / s.net_asset_value)::double precision end as leverage,
        s.position_count,
        case when s.session is not null then h.positions_by_type end as positions_by_type,
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
    left join lateral (
        select json_build_object(
                'LONG', count(*) filter (where o.position_type = 'LONG'),
                'SHORT', count(*) filter (where o.position_type = 'SHORT'),
                'LC', count(*) filter (where o.position_type = 'LC'),
                'SC', count(*) filter (where o.position_type = 'SC'),
                'LP', count(*) filter (where o.position_type = 'LP'),
                'SP', count(*) filter (where o.position_type = 'SP')
            ) as positions_by_type,
            json_agg(distinct m.source order by m.source) filter (where m.source is not null) as price_sources,
            bool_or(m.source = 'simulated') as simulated_prices
        from analytics.position_pnl_at(%(known_at)s) v
        -- One look-up by key per lot, however many lots and prices there are: a limit keeps the planner from scanning.
        cross join lateral (
            select k.symbol, k.asset_class, k.position_type from book.positions_at(%(known_at)s) k
            where k.id = v.position_id limit 1
        ) o
        left join lateral (
            select k.source from market.prices_at(%(known_at)s) k
            where k.session = v.price_date and k.symbol = o.symbol and o.asset_class <> 'PRIVATE' limit 1
        ) m on true
        where v.session = %(session)s and v.portfolio_id = p.id and v.is_open
    ) h on true
    where p.id = %(portfolio_id)s
) as answer
