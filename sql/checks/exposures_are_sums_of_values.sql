-- Long, short, gross and net exposure are the sums of the lots' market values by sign.
-- asset: snapshots
-- excused by: own
with lots as (
    select v.session, v.portfolio_id,
        coalesce(sum(v.market_value) filter (where v.market_value > 0), 0) as long,
        coalesce(sum(v.market_value) filter (where v.market_value < 0), 0) as short
    from analytics.position_pnl v
    where v.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    format('long %%s, short %%s, gross %%s, net %%s are not of lots long %%s, short %%s', s.long_exposure, s.short_exposure,
        s.gross_exposure, s.net_exposure, coalesce(v.long, 0), coalesce(v.short, 0)) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and (s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure) is distinct from
      (coalesce(v.long, 0), coalesce(v.short, 0), coalesce(v.long - v.short, 0), coalesce(v.long + v.short, 0))
