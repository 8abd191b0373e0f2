-- Counts by type are those of the lots held at the close, and add up to the position count.
-- asset: snapshots
-- excused by: own
with lots as (
    select v.session, v.portfolio_id,
        count(*) filter (where b.position_type = 'LONG') as long, count(*) filter (where b.position_type = 'SHORT') as short,
        count(*) filter (where b.position_type = 'LC') as lc, count(*) filter (where b.position_type = 'SC') as sc,
        count(*) filter (where b.position_type = 'LP') as lp, count(*) filter (where b.position_type = 'SP') as sp
    from analytics.position_pnl v
    join book.positions b on b.id = v.position_id
    where v.is_open and v.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('of %%s lots %%s are LONG, SHORT, LC, SC, LP, SP; by the lots %%s', s.position_count, counted.stored, counted.held) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
cross join lateral (
    select
        array[s.long_positions, s.short_positions, s.lc_positions, s.sc_positions, s.lp_positions, s.sp_positions] as stored,
        array[coalesce(v.long, 0), coalesce(v.short, 0), coalesce(v.lc, 0), coalesce(v.sc, 0), coalesce(v.lp, 0), coalesce(v.sp, 0)] as held
) as counted
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (counted.stored is distinct from counted.held
       or s.position_count is distinct from (select sum(n) from unnest(counted.stored) as n))
