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
)
select 'position_pnl' as table_name, r.session, r.portfolio_id, format('position %%s %%s', l.position_id, l.symbol) as item,
    format('P&L %%s is not (%%s − %%s) × %%s', r.daily_pnl, r.price, change.from_price, l.units) as detail
from options l
join analytics.position_pnl r on r.portfolio_id = l.portfolio_id and r.position_id = l.position_id
join market.sessions d on d.session = r.session
join market.sessions before on before.session_index = d.session_index - 1
left join analytics.position_pnl previous
    on previous.session = before.session and previous.portfolio_id = r.portfolio_id and previous.position_id = r.position_id
   and previous.session between %(start)s::date - 15 and %(end)s
cross join lateral (
    select case when d.session_index > l.first_index then previous.price when not l.is_inherited then l.entry_price::float8 end
        as from_price
) as change
where r.session between %(start)s and %(end)s
  and abs(r.daily_pnl::float8 - (r.price - change.from_price) * l.units)
      > 0.0001 + 1e-15 * abs(l.units) * (r.price + change.from_price)
