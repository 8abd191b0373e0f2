-- Risk metrics of a portfolio: realized, and ex ante of the holdings at the close.
select row_to_json(answer)::text, null
from (
    select coalesce(%(missing)s::text, case when m.session is null then 'not_materialized' else m.reason end) as reason,
        m.portfolio_beta, m.volatility, m.sharpe_ratio, m.max_drawdown, m.var_95, m.n_obs_60, m.n_obs_90,
        m.ex_ante_volatility, m.ex_ante_var_95, m.n_obs_ex_ante, m.ex_ante_coverage,
        coalesce(%(missing)s::text, case when m.session is null then 'not_materialized' else m.ex_ante_reason end)
            as ex_ante_reason,
        f.coverage as factor_coverage
    from (select 1) one
    left join analytics.risk_metrics_at(%(known_at)s) m on m.session = %(session)s and m.portfolio_id = %(portfolio_id)s
    left join analytics.factor_exposures_at(%(known_at)s) f
        on f.session = %(session)s and f.portfolio_id = %(portfolio_id)s and f.factor = 'market'
) as answer
