-- A portfolio at the close of a session; figures are null where no session is stored, or not yet by the code that has them.
with held as materialized (
    select v.position_id, v.price_date, v.daily_pnl, v.is_open from analytics.position_pnl_at(%(known_at)s) v
    where v.session = %(session)s and v.portfolio_id = %(portfolio_id)s
), lots as materialized (
    -- By an array of keys the index is gone through once, however many lots the book has had.
    select o.id, o.symbol, o.position_type, h.daily_pnl,
        case when h.is_open and o.asset_class <> 'PRIVATE' then h.price_date end as price_date
    from (
        select k.id, k.symbol, k.position_type, k.asset_class from book.positions_at(%(known_at)s) k
        where k.id = any(array(select i.position_id from held i))
    ) o
    join held h on h.position_id = o.id
), priced as (
    -- Closes that the portfolio overrides are found by their symbol and session, the others by an array of symbols a session.
    select l.price_date, array_agg(l.symbol) filter (where w.symbol is null) as symbols, bool_or(w.symbol is not null) as is_overridden
    from lots l
    left join book.price_overrides_at(%(known_at)s) w
        on w.portfolio_id = %(portfolio_id)s and w.symbol = l.symbol and w.session = l.price_date
    where l.price_date is not null
    group by l.price_date
), sources as materialized (
    select array(
        select distinct x.source
        from priced d
        cross join lateral (
            select k.source from market.prices_at(%(known_at)s) k where k.session = d.price_date and k.symbol = any(d.symbols)
            union all
            select 'override' where d.is_overridden
        ) x
        order by 1
    ) as names
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
        case when s.session is not null then json_build_object(
            'gains', array(
                select row_to_json(m) from (
                    select l.id, l.symbol, l.position_type, l.daily_pnl from lots l
                    where l.daily_pnl > 0 order by l.daily_pnl desc, l.id limit 5
                ) m
            ),
            'losses', array(
                select row_to_json(m) from (
                    select l.id, l.symbol, l.position_type, l.daily_pnl from lots l
                    where l.daily_pnl < 0 order by l.daily_pnl, l.id limit 5
                ) m
            )
        ) end as top_movers,
        case when s.session is not null then json_build_object(
            'priced', s.position_count - s.stale_positions - s.unpriced_positions,
            'stale', s.stale_positions,
            'unpriced', s.unpriced_positions
        ) end as coverage,
        h.names as price_sources, 'simulated' = any(h.names) as simulated_prices,
        true as price_return_only
    from book.portfolios_at(%(known_at)s) p
    left join analytics.snapshots_at(%(known_at)s) s on s.portfolio_id = p.id and s.session = %(session)s
    left join lateral (
        select q.session, q.closing_equity from analytics.rolled_equity_at(%(known_at)s) q
        where q.portfolio_id = p.id
        order by q.session desc limit 1
    ) e on true
    cross join sources h
    where p.id = %(portfolio_id)s
) as answer
