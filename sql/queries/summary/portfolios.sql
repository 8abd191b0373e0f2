select p.id, u.username, p.name, s.session, s.net_asset_value, s.daily_pnl, s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl,
    s.cash, s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure, s.delta_net_exposure,
    s.position_count, s.stale_positions, s.unpriced_positions, r.portfolio_beta, r.volatility, r.sharpe_ratio,
    r.max_drawdown, r.var_95, r.ex_ante_volatility, r.ex_ante_var_95, p.initial_equity
from book.portfolios p
join book.users u on u.id = p.owner_id
join analytics.snapshots s on s.portfolio_id = p.id
left join analytics.risk_metrics r using (session, portfolio_id)
where s.session = (select max(l.session) from analytics.snapshots l where l.portfolio_id = p.id)
order by p.id
limit %(limit)s
