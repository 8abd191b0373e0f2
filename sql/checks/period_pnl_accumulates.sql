-- MTD, YTD and cumulative P&L = those of the session before in the same period + the daily P&L.
-- asset: snapshots
-- excused by: portfolio
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('mtd %%s, ytd %%s, cumulative %%s are not %%s, %%s, %%s', s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl,
        summed.mtd, summed.ytd, summed.cumulative) as detail
from analytics.snapshots s
join market.sessions d on d.session = s.session
join market.sessions before on before.session_index = d.session_index - 1
left join analytics.snapshots previous
    on previous.session = before.session and previous.portfolio_id = s.portfolio_id
   and previous.session between %(start)s::date - 15 and %(end)s
cross join lateral (
    select
        s.daily_pnl + case when date_trunc('month', s.session) = date_trunc('month', before.session)
            then coalesce(previous.mtd_pnl, 0) else 0 end as mtd,
        s.daily_pnl + case when date_trunc('year', s.session) = date_trunc('year', before.session)
            then coalesce(previous.ytd_pnl, 0) else 0 end as ytd,
        s.daily_pnl + coalesce(previous.cumulative_pnl, 0) as cumulative
) as summed
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl) is distinct from (summed.mtd, summed.ytd, summed.cumulative)
