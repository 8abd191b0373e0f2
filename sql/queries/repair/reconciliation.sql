-- What the ledger and the balance say of a portfolio since an instant.
select p.equity_balance,
    (
        select coalesce(sum(r.net_asset_value_change), 0)
        from analytics.restatements r
        join analytics.commits c on c.commit_id = r.commit_id
        where r.portfolio_id = p.id and r.session = %(session)s and c.committed_at > %(since)s
    ) as entered,
    (
        select count(*)
        from analytics.restatements r
        join analytics.commits c on c.commit_id = r.commit_id
        where r.portfolio_id = p.id and c.committed_at > %(since)s
    ) as restated
from book.portfolios p
where p.id = %(portfolio_id)s
