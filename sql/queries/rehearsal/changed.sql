-- Figures of portfolios that this transaction has changed: as text, so that they are compared exactly.
with pairs as (
    select n.session, n.portfolio_id, '' as suffix, to_jsonb(o) as old, to_jsonb(n) as new
    from analytics.snapshots n
    left join analytics.snapshots_history o
        on o.session = n.session and o.portfolio_id = n.portfolio_id and o.superseded_by = n.commit_id
    where n.commit_id = analytics.current_commit()
    union all
    select n.session, n.portfolio_id, '', to_jsonb(o), to_jsonb(n)
    from analytics.risk_metrics n
    left join analytics.risk_metrics_history o
        on o.session = n.session and o.portfolio_id = n.portfolio_id and o.superseded_by = n.commit_id
    where n.commit_id = analytics.current_commit()
    union all
    select n.session, n.portfolio_id, ' ' || n.factor, to_jsonb(o), to_jsonb(n)
    from analytics.factor_exposures n
    left join analytics.factor_exposures_history o
        on o.session = n.session and o.portfolio_id = n.portfolio_id and o.factor = n.factor and o.superseded_by = n.commit_id
    where n.commit_id = analytics.current_commit()
)
select p.session, p.portfolio_id, m.metric || p.suffix as metric, p.old ->> m.metric as old, p.new ->> m.metric as new
from pairs p
cross join lateral unnest(%(metrics)s::text[]) as m (metric)
where p.new ? m.metric and p.old -> m.metric is distinct from p.new -> m.metric
order by p.session, p.portfolio_id, metric
