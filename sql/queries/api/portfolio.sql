-- A portfolio at the close of a session; figures are null where no session is stored, or not yet by the code that has them.
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
        s.top_movers::json as top_movers,
        case when s.session is not null then json_build_object(
            'priced', s.position_count - s.stale_positions - s.unpriced_positions,
            'stale', s.stale_positions,
            'unpriced', s.unpriced_positions
        ) end as coverage,
        case when s.session is null then '[]' else s.price_sources end::json as price_sources,
        case when s.session is null then false else s.price_sources like '%%"simulated"%%' end as simulated_prices,
        true as price_return_only
    from book.portfolios_at(%(known_at)s) p
    left join analytics.snapshots_at(%(known_at)s) s on s.portfolio_id = p.id and s.session = %(session)s
    left join lateral (
        select q.session, q.closing_equity from analytics.rolled_equity_at(%(known_at)s) q
        where q.portfolio_id = p.id
        order by q.session desc limit 1
    ) e on true
    where p.id = %(portfolio_id)s
) as answer
