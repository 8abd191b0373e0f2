-- The newest session of a portfolio as known at a past instant: replaced versions are found by portfolio, too.

create index rolled_equity_history_portfolio on analytics.rolled_equity_history (portfolio_id, session);
create index snapshots_history_portfolio on analytics.snapshots_history (portfolio_id, session);
