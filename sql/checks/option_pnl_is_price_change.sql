-- |Option P&L − change of price × contracts × multiplier| ≤ 0.0001 USD.
-- asset: position_pnl
-- excused by: portfolio
--
-- The change is from the stored price of the session before, on the first session from the entry price. An inherited
-- option's price at inception is not stored: its first session is proven by cash_change_is_explained. The allowance
-- beyond 0.0001 is the rounding of double precision itself.
with lots as materialized ({lots}),
options as (
    select l.*, l.quantity::float8 * l.multiplier::float8 as units from lots l where l.asset_class = 'OPTION'
),
priced as (
    select r.session, r.portfolio_id, r.daily_pnl, r.price, d.session_index, l.position_id, l.symbol, l.units, l.first_index,
        l.is_inherited, l.entry_price, lag(r.price) over lot as last_price, lag(d.session_index) over lot as last_index
    from options l
    join analytics.position_pnl r on r.portfolio_id = l.portfolio_id and r.position_id = l.position_id
    join market.sessions d on d.session = r.session
    where r.session <= %(end)s
      and r.session >= coalesce((select max(b.session) from market.sessions b where b.session < %(start)s::date), %(start)s::date)
    window lot as (partition by r.portfolio_id, r.position_id order by r.session)
)
select 'position_pnl' as table_name, r.session, r.portfolio_id, format('position %%s %%s', r.position_id, r.symbol) as item,
    format('P&L %%s is not (%%s − %%s) × %%s', r.daily_pnl, r.price, change.from_price, r.units) as detail
from priced r
cross join lateral (
    select case
        when r.session_index > r.first_index then case when r.last_index = r.session_index - 1 then r.last_price end
        when not r.is_inherited then r.entry_price::float8
    end as from_price
) as change
where r.session >= %(start)s
  and abs(r.daily_pnl::float8 - (r.price - change.from_price) * r.units)
      > 0.0001 + 1e-15 * abs(r.units) * (r.price + change.from_price)
