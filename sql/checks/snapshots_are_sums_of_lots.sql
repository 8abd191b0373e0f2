-- A snapshot's counts, exposures and unrealized P&L are those of its lots; delta-adjusted ones null if a lot's is unknown.
-- asset: snapshots
-- excused by: own
--
-- Netted by issuer: an option is on the issuer of its underlying; a private is an issuer of its own, whatever else has
-- its symbol. Only lots that share their issuer are looked at for it: any other nets with nothing.
-- (No window function finds these: PostgreSQL would read the rows of lots with one processor.)
with shared as not materialized (
    select b.id as position_id, i.issuer
    from book.positions b
    join (
        select o.portfolio_id, o.asset_class = 'PRIVATE' as is_private, coalesce(o.underlying, o.symbol) as symbol, min(o.id) as issuer
        from book.positions o
        where %(portfolios)s::bigint[] is null or o.portfolio_id = any(%(portfolios)s::bigint[])
        group by o.portfolio_id, o.asset_class = 'PRIVATE', coalesce(o.underlying, o.symbol)
        having count(*) > 1
    ) as i on i.portfolio_id = b.portfolio_id and i.is_private = (b.asset_class = 'PRIVATE') and i.symbol = coalesce(b.underlying, b.symbol)
),
lots as (
    select v.session, v.portfolio_id,
        count(*) filter (where v.is_open) as held,
        count(*) filter (where v.is_open and v.is_stale) as stale,
        count(*) filter (where v.is_open and v.is_unpriced) as unpriced,
        count(*) filter (where v.is_open and b.position_type = 'LONG') as long_lots,
        count(*) filter (where v.is_open and b.position_type = 'SHORT') as short_lots,
        count(*) filter (where v.is_open and b.position_type = 'LC') as lc,
        count(*) filter (where v.is_open and b.position_type = 'SC') as sc,
        count(*) filter (where v.is_open and b.position_type = 'LP') as lp,
        count(*) filter (where v.is_open and b.position_type = 'SP') as sp,
        sum(v.market_value) filter (where v.market_value > 0) as long,
        sum(v.market_value) filter (where v.market_value < 0) as short,
        sum(v.unrealized_pnl) as unrealized_pnl
    from analytics.position_pnl v
    left join book.positions b on b.id = v.position_id
    where v.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
),
netted as (
    select i.session, i.portfolio_id, sum(i.gross - abs(i.net)) as amount
    from (
        select v.session, v.portfolio_id, sum(abs(v.market_value)) as gross, sum(v.market_value) as net
        from analytics.position_pnl v
        join shared b on b.position_id = v.position_id
        where v.session between %(start)s and %(end)s
        group by v.session, v.portfolio_id, b.issuer
    ) as i
    group by i.session, i.portfolio_id
),
deltas as (
    select v.session, v.portfolio_id,
        sum(v.delta_adjusted_value) filter (where v.delta_adjusted_value > 0) as long,
        sum(v.delta_adjusted_value) filter (where v.delta_adjusted_value < 0) as short,
        count(*) > count(v.delta_adjusted_value) as is_unknown
    from analytics.position_greeks v
    where v.session between %(start)s and %(end)s and v.model = 'mock'
      and (%(portfolios)s::bigint[] is null or v.portfolio_id = any(%(portfolios)s::bigint[]))
    group by v.session, v.portfolio_id
),
delta_netted as (
    select i.session, i.portfolio_id, sum(i.gross - abs(i.net)) as amount
    from (
        select v.session, v.portfolio_id, sum(abs(v.delta_adjusted_value)) as gross, sum(v.delta_adjusted_value) as net
        from analytics.position_greeks v
        join shared b on b.position_id = v.position_id
        where v.session between %(start)s and %(end)s and v.model = 'mock'
        group by v.session, v.portfolio_id, b.issuer
    ) as i
    group by i.session, i.portfolio_id
)
select 'snapshots' as table_name, s.session, s.portfolio_id, null::text as item,
    (
        select string_agg(format('%%s %%s is not the lots'' %%s', f.name, coalesce(f.stored::text, 'null'), coalesce(f.by_lots::text, 'null')), '; ')
        from unnest(
            array['position_count', 'stale_positions', 'unpriced_positions', 'long_positions', 'short_positions', 'lc_positions',
                'sc_positions', 'lp_positions', 'sp_positions', 'the sum of these', 'long_exposure', 'short_exposure',
                'gross_exposure', 'net_exposure', 'issuer_gross_exposure', 'unrealized_pnl', 'delta_long_exposure',
                'delta_short_exposure', 'delta_gross_exposure', 'delta_net_exposure', 'delta_issuer_gross_exposure'],
            figures.stored, figures.by_lots
        ) as f (name, stored, by_lots)
        where f.stored is distinct from f.by_lots
    ) as detail
from analytics.snapshots s
left join lots v on v.session = s.session and v.portfolio_id = s.portfolio_id
left join netted n on n.session = s.session and n.portfolio_id = s.portfolio_id
left join deltas d on d.session = s.session and d.portfolio_id = s.portfolio_id
left join delta_netted m on m.session = s.session and m.portfolio_id = s.portfolio_id
cross join lateral (
    select coalesce(v.long, 0) as long, coalesce(v.short, 0) as short,
        case when d.is_unknown is not true then coalesce(d.long, 0) end as delta_long,
        case when d.is_unknown is not true then coalesce(d.short, 0) end as delta_short
) as sums
cross join lateral (
    select
        array[s.position_count, s.stale_positions, s.unpriced_positions, s.long_positions, s.short_positions, s.lc_positions,
            s.sc_positions, s.lp_positions, s.sp_positions,
            s.long_positions + s.short_positions + s.lc_positions + s.sc_positions + s.lp_positions + s.sp_positions,
            s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure, s.issuer_gross_exposure, s.unrealized_pnl,
            s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure,
            s.delta_issuer_gross_exposure]::numeric[] as stored,
        array[coalesce(v.held, 0), coalesce(v.stale, 0), coalesce(v.unpriced, 0), coalesce(v.long_lots, 0), coalesce(v.short_lots, 0),
            coalesce(v.lc, 0), coalesce(v.sc, 0), coalesce(v.lp, 0), coalesce(v.sp, 0), coalesce(v.held, 0),
            sums.long, sums.short, sums.long - sums.short, sums.long + sums.short,
            sums.long - sums.short - coalesce(n.amount, 0), coalesce(v.unrealized_pnl, 0),
            sums.delta_long, sums.delta_short, sums.delta_long - sums.delta_short, sums.delta_long + sums.delta_short,
            sums.delta_long - sums.delta_short - coalesce(m.amount, 0)]::numeric[] as by_lots
) as figures
where s.session between %(start)s and %(end)s
  and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
  and figures.stored is distinct from figures.by_lots
