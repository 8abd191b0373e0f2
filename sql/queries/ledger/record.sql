-- Every snapshot this commit replaced, with what had changed since the run before read its inputs. For a book's own
-- inputs that is when they last changed; for closes, when any at or before the session last did.
with replaced as (
    select h.session, h.portfolio_id, h.net_asset_value as old_nav, s.net_asset_value as new_nav,
        h.daily_pnl as old_pnl, s.daily_pnl as new_pnl, r.input_instant as read_at
    from analytics.snapshots_history h
    join analytics.snapshots s
        on s.session = h.session and s.portfolio_id = h.portfolio_id and s.commit_id = %(commit)s
    left join analytics.slices_history e
        on e.asset = 'snapshots' and e.session = h.session and e.portfolio_id = h.portfolio_id and e.superseded_by = %(commit)s
    left join analytics.runs r on r.run_id = e.run_id
    where h.superseded_by = %(commit)s
), since as (
    select min(r.read_at) as read_at from replaced r
), books as (
    select distinct r.portfolio_id as id from replaced r
), lot_changes (portfolio_id, commit_id, of_multiplier) as (
    select p.portfolio_id, p.commit_id, false
    from book.positions p
    where p.portfolio_id in (select b.id from books b)
      and not exists (select from book.positions_history h where h.id = p.id)
    union all
    select h.portfolio_id, h.superseded_by, false
    from book.positions_history h
    left join book.positions p on p.id = h.id
    where h.portfolio_id in (select b.id from books b)
      and (h.symbol, h.quantity, h.entry_price, h.entry_date, h.exit_price, h.exit_date)
          is distinct from (p.symbol, p.quantity, p.entry_price, p.entry_date, p.exit_price, p.exit_date)
    union all
    select h.portfolio_id, h.superseded_by, true
    from book.positions_history h
    join book.positions p on p.id = h.id
    where h.portfolio_id in (select b.id from books b) and h.multiplier <> p.multiplier
), book_changes (portfolio_id, cause, commit_id) as (
    select h.id, 'terms', h.superseded_by
    from book.portfolios_history h
    join book.portfolios p on p.id = h.id
    where (h.initial_equity, h.inception_date) is distinct from (p.initial_equity, p.inception_date)
    union all select f.portfolio_id, 'flows', f.commit_id from book.cash_flows f
    union all select f.portfolio_id, 'flows', f.superseded_by from book.cash_flows_history f
    union all select l.portfolio_id, case when l.of_multiplier then 'multipliers' else 'positions' end, l.commit_id from lot_changes l
    union all select m.portfolio_id, 'marks', m.commit_id from book.private_marks m
    union all select m.portfolio_id, 'marks', m.superseded_by from book.private_marks_history m
    union all select o.portfolio_id, 'overrides', o.commit_id from book.price_overrides o
    union all select o.portfolio_id, 'overrides', o.superseded_by from book.price_overrides_history o
), changed as (
    -- One row per book: when each of its inputs last changed.
    select b.portfolio_id,
        max(c.committed_at) filter (where b.cause = 'terms') as terms_at,
        max(c.committed_at) filter (where b.cause = 'flows') as flows_at,
        max(c.committed_at) filter (where b.cause = 'positions') as positions_at,
        max(c.committed_at) filter (where b.cause = 'multipliers') as multipliers_at,
        max(c.committed_at) filter (where b.cause = 'marks') as marks_at,
        max(c.committed_at) filter (where b.cause = 'overrides') as overrides_at
    from book_changes b
    join analytics.commits c on c.commit_id = b.commit_id
    where b.portfolio_id in (select k.id from books k) and c.committed_at > (select s.read_at from since s)
    group by b.portfolio_id
), held as (
    select distinct p.portfolio_id, u.symbol
    from book.positions p
    cross join lateral unnest(array[p.symbol, p.underlying]) as u (symbol)
    where p.portfolio_id in (select b.id from books b) and u.symbol is not null
), closes as (
    select h.portfolio_id, p.session, max(c.committed_at) as changed_at
    from held h
    join market.prices p on p.symbol = h.symbol
    join analytics.commits c on c.commit_id = p.commit_id
    where c.committed_at > (select s.read_at from since s)
    group by h.portfolio_id, p.session
), closes_until as (
    -- By book and session: when any close at or before the session last changed.
    select distinct w.portfolio_id, w.session, w.changed_at
    from (
        select q.portfolio_id, q.session,
            max(q.changed_at) over (partition by q.portfolio_id order by q.session) as changed_at
        from (
            select k.portfolio_id, k.session, k.changed_at from closes k
            union all
            select r.portfolio_id, r.session, null from replaced r
        ) q
    ) w
), split_changes as (
    -- A split is of the lots entered before it, from its execution on.
    select p.portfolio_id, s.execution_date, max(c.committed_at) as changed_at
    from (
        select n.symbol, n.execution_date, n.commit_id from market.splits n
        union all
        select o.symbol, o.execution_date, o.superseded_by from market.splits_history o
    ) s
    join analytics.commits c on c.commit_id = s.commit_id
    join book.positions p on s.symbol in (p.symbol, p.underlying)
    where p.portfolio_id in (select b.id from books b) and c.committed_at > (select i.read_at from since i)
      and p.entry_date < s.execution_date and coalesce(p.exit_date, p.expiry, 'infinity') >= s.execution_date
    group by p.portfolio_id, s.execution_date
), other_code as (
    select distinct s.session, s.portfolio_id
    from analytics.slices s
    join analytics.slices_history h
        on h.asset = s.asset and h.session = s.session and h.portfolio_id = s.portfolio_id and h.superseded_by = s.commit_id
    where s.run_id = %(run_id)s and h.code_version <> s.code_version
      and s.asset in ('position_pnl', 'rolled_equity', 'position_greeks', 'snapshots')
      and s.portfolio_id in (select b.id from books b)
      and s.session between (select min(r.session) from replaced r) and (select max(r.session) from replaced r)
), explained as (
    select r.*, array_remove(array[
            case when o.session is not null then 'code' end,
            case when c.terms_at > r.read_at then 'terms' end,
            case when c.flows_at > r.read_at then 'flows' end,
            case when c.positions_at > r.read_at then 'positions' end,
            case when c.multipliers_at > r.read_at then 'multipliers' end,
            case when c.marks_at > r.read_at then 'marks' end,
            case when c.overrides_at > r.read_at then 'overrides' end,
            case when exists (
                select from split_changes x
                where x.portfolio_id = r.portfolio_id and x.execution_date <= r.session and x.changed_at > r.read_at
            ) then 'splits' end,
            case when k.changed_at > r.read_at then 'prices' end
        ], null) as causes
    from replaced r
    left join changed c on c.portfolio_id = r.portfolio_id
    left join closes_until k on k.portfolio_id = r.portfolio_id and k.session = r.session
    left join other_code o on o.portfolio_id = r.portfolio_id and o.session = r.session
)
insert into analytics.restatements
    (session, portfolio_id, commit_id, run_id, causes, old_net_asset_value, new_net_asset_value, old_daily_pnl, new_daily_pnl)
select e.session, e.portfolio_id, %(commit)s, %(run_id)s,
    case when cardinality(e.causes) = 0 then array['rows'] else e.causes end,
    e.old_nav, e.new_nav, e.old_pnl, e.new_pnl
from explained e
