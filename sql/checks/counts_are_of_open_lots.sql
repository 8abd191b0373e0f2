-- Position, stale and unpriced counts are those of the lots held at the close.
-- asset: snapshots
-- excused by: own
with lots as (
    select v.session, v.portfolio_id, count(*) as held, count(*) filter (where v.is_stale) as stale,
        count(*) filter (where v.is_unpriced) as unpriced
    from analytics.position_pnl v
    where v.is_open and v.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('counts %%s held, %%s stale, %%s unpriced are not the lots'' %%s, %%s, %%s', s.position_count, s.stale_positions,
        s.unpriced_positions, coalesce(v.held, 0), coalesce(v.stale, 0), coalesce(v.unpriced, 0)) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.position_count, s.stale_positions, s.unpriced_positions) is distinct from
      (coalesce(v.held, 0), coalesce(v.stale, 0), coalesce(v.unpriced, 0))
