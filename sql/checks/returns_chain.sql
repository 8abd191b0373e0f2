-- MTD and YTD return = those of the session before in the same period, chained with the daily return; null once one is.
-- asset: snapshots
-- excused by: portfolio
--
-- Equal but for the rounding of floats. A session that follows one of older code, which has no such figures, is left out.
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('mtd %%s, ytd %%s are not %%s, %%s', coalesce(s.mtd_return::text, 'null'), coalesce(s.ytd_return::text, 'null'),
        coalesce(chained.mtd::text, 'null'), coalesce(chained.ytd::text, 'null')) as detail
from analytics.snapshots s
join market.sessions d on d.session = s.session
join market.sessions before on before.session_index = d.session_index - 1
left join analytics.snapshots previous
    on previous.session = before.session and previous.portfolio_id = s.portfolio_id
   and previous.session between %(start)s::date - 15 and %(end)s
cross join lateral (
    select
        (1 + s.daily_return) * case when previous.session is null or date_trunc('month', s.session) <> date_trunc('month', before.session)
            then 1 else 1 + previous.mtd_return end - 1 as mtd,
        (1 + s.daily_return) * case when previous.session is null or date_trunc('year', s.session) <> date_trunc('year', before.session)
            then 1 else 1 + previous.ytd_return end - 1 as ytd
) as product
cross join lateral (
    select case when s.daily_return > -1 then product.mtd end as mtd, case when s.daily_return > -1 then product.ytd end as ytd
) as chained
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (previous.session is null or previous.unrealized_pnl is not null)
  and ((s.mtd_return is null) <> (chained.mtd is null) or (s.ytd_return is null) <> (chained.ytd is null)
       or abs(s.mtd_return - chained.mtd) > 1e-12 * (1 + abs(chained.mtd))
       or abs(s.ytd_return - chained.ytd) > 1e-12 * (1 + abs(chained.ytd)))
