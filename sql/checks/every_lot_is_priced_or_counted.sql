-- Every lot has a row on each session it is held, and each row's price is fresh, stale or counted as unpriced.
-- asset: position_pnl
-- excused by: portfolio
--
-- Lots are compared by the number of their rows first, so that only those that differ are looked at by session.
with lots as materialized ({lots}),
computed as (
    select s.portfolio_id, min(d.session_index) as first_index, max(d.session_index) as last_index
    from analytics.slices s
    join market.sessions d on d.session = s.session
    where s.asset = 'position_pnl' and s.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or s.portfolio_id = any(%(portfolios)s::bigint[]))
    group by s.portfolio_id
),
expected as (
    select l.*, greatest(l.first_index, c.first_index) as from_index,
        least(coalesce(l.last_index, c.last_index), c.last_index) as to_index
    from lots l join computed c on c.portfolio_id = l.portfolio_id
),
stored as (
    select r.portfolio_id, r.position_id, count(*) as row_count, min(r.session) as first, max(r.session) as last
    from analytics.position_pnl r
    where r.session between %(start)s and %(end)s
      and (%(portfolios)s::bigint[] is null or r.portfolio_id = any(%(portfolios)s::bigint[]))
    group by r.portfolio_id, r.position_id
),
differing as (
    select coalesce(e.portfolio_id, s.portfolio_id) as portfolio_id, coalesce(e.position_id, s.position_id) as position_id,
        e.symbol, e.from_index, e.to_index
    from expected e
    full join stored s on s.portfolio_id = e.portfolio_id and s.position_id = e.position_id
    left join market.sessions first on first.session = s.first
    left join market.sessions last on last.session = s.last
    where coalesce(s.row_count, 0) <> coalesce(greatest(e.to_index - e.from_index + 1, 0), 0)
       or first.session_index <> e.from_index or last.session_index <> e.to_index
)
select 'position_pnl' as table_name, d.session, l.portfolio_id, format('position %%s %%s', l.position_id, l.symbol) as item,
    'the lot is held but has no row' as detail
from differing l
join market.sessions d on d.session_index between l.from_index and l.to_index
where not exists (
    select from analytics.position_pnl r
    where r.session = d.session and r.portfolio_id = l.portfolio_id and r.position_id = l.position_id
)
union all
select 'position_pnl', r.session, r.portfolio_id, format('position %%s %%s', l.position_id, l.symbol), 'the row is of no lot held'
from differing l
join analytics.position_pnl r on r.portfolio_id = l.portfolio_id and r.position_id = l.position_id
left join market.sessions d on d.session = r.session
where r.session between %(start)s and %(end)s
  and (d.session_index between l.from_index and l.to_index) is not true
  and exists (select from differing)  -- asked once: usually there is none, and no row is looked at again
union all
select 'position_pnl', r.session, r.portfolio_id, format('position %%s %%s', l.position_id, l.symbol),
    format('price of %%s is neither fresh nor rightly flagged (stale %%s, unpriced %%s)',
        coalesce(r.price_date::text, 'entry'), r.is_stale, r.is_unpriced)
from analytics.position_pnl r
join lots l on l.position_id = r.position_id and l.portfolio_id = r.portfolio_id
left join market.sessions d on d.session = r.session
left join market.sessions priced on priced.session = r.price_date
where r.session between %(start)s and %(end)s
  and (r.price_date is distinct from r.session or r.is_stale or r.is_unpriced)
  and case
      when r.is_stale then r.is_unpriced or (d.session_index - priced.session_index between 1 and 5) is not true
      when r.is_unpriced then false
      else l.asset_class <> 'PRIVATE'
  end
