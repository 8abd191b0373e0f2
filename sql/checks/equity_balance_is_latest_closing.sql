-- A portfolio's equity balance is its latest closing equity; before the first session, its initial equity.
-- asset: rolled_equity
-- excused by: nothing
select 'portfolios' as table_name, p.equity_as_of as session, p.id as portfolio_id, null::text as item,
    format('equity balance %%s as of %%s is not the latest closing %%s of %%s', p.equity_balance, p.equity_as_of,
        coalesce(latest.closing_equity, p.initial_equity), coalesce(latest.session, p.inception_date)) as detail
from book.portfolios p
left join lateral (
    select r.session, r.closing_equity from analytics.rolled_equity r
    where r.portfolio_id = p.id
    order by r.session desc
    limit 1
) as latest on true
where (%(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[]))
  -- Whether initial equity and inception, edited before anything was computed, were mirrored is no question of rows.
  and (p.equity_balance, p.equity_as_of) is distinct from (latest.closing_equity, latest.session)
  and (latest.session is not null or p.equity_as_of <> p.inception_date)
