-- When the inputs that are no slices last changed: by portfolio for the book, by the session they first touch for
-- the market (portfolio 0). Instants are microseconds since 1970; a version that was replaced changed then.
with versions (portfolio_id, session, commit_id) as (
    select id, null::date, commit_id from book.portfolios
    union all select id, null, superseded_by from book.portfolios_history
    union all select portfolio_id, null, commit_id from book.positions
    union all select portfolio_id, null, superseded_by from book.positions_history
    union all select portfolio_id, null, commit_id from book.private_marks
    union all select portfolio_id, null, superseded_by from book.private_marks_history
    union all select portfolio_id, null, commit_id from book.price_overrides
    union all select portfolio_id, null, superseded_by from book.price_overrides_history
    union all select portfolio_id, null, commit_id from book.cash_flows
    union all select portfolio_id, null, superseded_by from book.cash_flows_history
    union all select 0, (published_at at time zone 'America/New_York')::date, commit_id from market.short_interest
    union all select 0, (published_at at time zone 'America/New_York')::date, superseded_by from market.short_interest_history
    union all select 0, execution_date, commit_id from market.splits
    union all select 0, execution_date, superseded_by from market.splits_history
    union all select 0, session, commit_id from analytics.slices where asset = 'prices'
),
by_commit as (
    select v.portfolio_id, v.session, max(c.committed_at) as changed_at
    from versions v join analytics.commits c on c.commit_id = v.commit_id
    group by v.portfolio_id, v.session
)
select portfolio_id, session, (extract(epoch from changed_at) * 1000000)::bigint as changed_at from by_commit
