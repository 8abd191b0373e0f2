-- A portfolio at the close of a session; figures are null where no session is stored, or not yet by the code that has them.
with lots as materialized (
    select v.position_id, v.price_date, v.daily_pnl, v.is_open from analytics.position_pnl_at(%(known_at)s) v
    where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
), named as materialized (
    -- By an array of keys the index is gone through once, however many lots the book has had.
    select o.id, o.symbol, o.position_type, o.asset_class <> 'PRIVATE' as has_close from book.positions_at(%(known_at)s) o
    where o.id = any(array(select l.position_id from lots l))
), overridden as materialized (
    select k.symbol, k.session from book.price_overrides_at(%(known_at)s) k where k.portfolio_id = %(portfolio_id)s
), priced as (
    select l.price_date, array_agg(n.symbol) filter (where k.symbol is null) as symbols, bool_or(k.symbol is not null) as is_overridden
    from lots l
    join named n on n.id = l.position_id
    left join overridden k on k.symbol = n.symbol and k.session = l.price_date
    where l.is_open and n.has_close and l.price_date is not null
    group by l.price_date
), sources as (
    select m.source from priced d
    cross join lateral (
        select k.source from market.prices_at(%(known_at)s) k where k.session = d.price_date and k.symbol = any(d.symbols)
    ) m
    union
    select 'override' from priced d where d.is_overridden
)
select row_to_json(answer)::text, null
from (
    select coalesce(%(missing)s::text, s.reason) as reason, p.name, p.inception_date, p.initial_equity,
        coalesce(e.closing_equity, p.initial_equity) as equity_balance,
        coalesce(e.session, p.inception_date) as equity_as_of,
        s.net_asset_value, s.cash,
        s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure,
        s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure,
        s.issuer_gross_exposure, s.delta_issuer_gross_exposure,
        s.daily_pnl, s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl, s.unrealized_pnl,
        s.daily_return, s.mtd_return, s.ytd_return,
        case when s.net_asset_value > 0 then (s.gross_exposure / s.net_asset_value)::double precision end as leverage,
        case when s.net_asset_value > 0 then (s.issuer_gross_exposure / s.net_asset_value)::double precision end as issuer_leverage,
        s.position_count,
        case when s.long_positions is not null then json_build_object(
            'LONG', s.long_positions, 'SHORT', s.short_positions,
            'LC', s.lc_positions, 'SC', s.sc_positions, 'LP', s.lp_positions, 'SP', s.sp_positions
        ) end as positions_by_type,
        case when s.session is not null then json_build_object('gains', g.movers, 'losses', t.movers) end as top_movers,
        case when s.session is not null then json_build_object(
            'priced', s.position_count - s.stale_positions - s.unpriced_positions,
            'stale', s.stale_positions,
            'unpriced', s.unpriced_positions
        ) end as coverage,
        h.price_sources, h.simulated_prices,
        true as price_return_only
    from book.portfolios_at(%(known_at)s) p
    left join analytics.snapshots_at(%(known_at)s) s on s.portfolio_id = p.id and s.session = %(session)s
    left join lateral (
        select q.session, q.closing_equity from analytics.rolled_equity_at(%(known_at)s) q
        where q.portfolio_id = p.id
        order by q.session desc limit 1
    ) e on true
    cross join (
        select coalesce(json_agg(x.source order by x.source), '[]') as price_sources,
            coalesce(bool_or(x.source = 'simulated'), false) as simulated_prices
        from sources x
    ) h
    cross join (
        select coalesce(json_agg(json_build_object(
                'id', n.id, 'symbol', n.symbol, 'position_type', n.position_type, 'daily_pnl', l.daily_pnl
            ) order by l.daily_pnl desc, n.id), '[]') as movers
        from (select * from lots where daily_pnl > 0 order by daily_pnl desc, position_id limit 5) l
        join named n on n.id = l.position_id
    ) g
    cross join (
        select coalesce(json_agg(json_build_object(
                'id', n.id, 'symbol', n.symbol, 'position_type', n.position_type, 'daily_pnl', l.daily_pnl
            ) order by l.daily_pnl, n.id), '[]') as movers
        from (select * from lots where daily_pnl < 0 order by daily_pnl, position_id limit 5) l
        join named n on n.id = l.position_id
    ) t
    where p.id = %(portfolio_id)s
) as answer
