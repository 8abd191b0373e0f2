-- The slices a number was computed from, and the lots, price rows and overrides of position_pnl as its run read them.
with links as (
    select a.place, a.asset, a.inputs, a.dagster_asset, s.session, s.portfolio_id, s.checked_at, s.commit_id, s.code_version,
        s.input_hash, s.output_digest, s.row_count, s.run_id, r.kind, r.started_at, r.input_instant
    from (
        select * from unnest(%(assets)s::text[], %(inputs)s::text[], %(dagster_assets)s::text[])
            with ordinality as a (asset, inputs, dagster_asset, place)
        union all
        select 'rolled_equity', 'position_pnl', 'rolled_equity', 100 where 'rolled_equity' = any(%(assets)s::text[])
    ) a
    cross join lateral (
        select k.* from analytics.slices_at(%(known_at)s) k
        where k.asset = a.asset
          and k.session = case when a.place < 100 then %(session)s::date else (
              select max(d.session) from market.sessions d where d.session < %(session)s::date
          ) end
          and (k.portfolio_id is null or k.portfolio_id = %(portfolio_id)s)
        limit 1
    ) s
    left join analytics.runs r on r.run_id = s.run_id
), made as (
    select l.input_instant from links l where l.asset = 'position_pnl'
), rows as (
    -- The lot's rows of the session and of the one before, each with the price its value was taken at.
    select v.position_id, v.session, v.price, v.price_date, v.is_open, m.input_instant
    from made m
    cross join lateral (
        select q.* from analytics.position_pnl_at(%(known_at)s) q
        where q.portfolio_id = %(portfolio_id)s
          and q.session in (
              %(session)s::date, (select max(d.session) from market.sessions d where d.session < %(session)s::date)
          )
          and (%(position_id)s::bigint is null or q.position_id = %(position_id)s::bigint)
        offset 0
    ) v
), lots as (
    select r.position_id, o.*
    from (select distinct n.position_id, n.input_instant from rows n where n.session = %(session)s::date) r
    cross join lateral (
        select k.* from book.positions_at(r.input_instant) k where k.id = r.position_id limit 1
    ) o
), taken as (
    select r.position_id, case when r.session = %(session)s::date then 'value' else 'value_before' end as use,
        case
            when not r.is_open and o.exit_price is not null then 'exit_price'
            when r.price_date is null then 'entry_price'
            when o.asset_class = 'PRIVATE' then 'mark'
            else 'close'
        end as kind,
        case
            when o.expiry is not null and (r.is_open or o.exit_price is null)
                and r.session = (select max(d.session) from market.sessions d where d.session <= o.expiry)
                then o.underlying
            else o.symbol
        end as symbol,
        r.price_date as session, r.price, r.input_instant
    from rows r
    join lots o on o.position_id = r.position_id
    union all
    select g.position_id, 'underlying', 'close', o.underlying, last.session, g.underlying_price, m.input_instant
    from made m
    cross join lateral (
        select q.* from analytics.position_greeks_at(%(known_at)s) q
        where q.session = %(session)s::date and q.portfolio_id = %(portfolio_id)s and q.underlying_price is not null
          and q.model = 'mock' and 'position_greeks' = any(%(assets)s::text[])
        offset 0
    ) g
    join lots o on o.position_id = g.position_id
    left join lateral (
        select p.session from market.prices_at(m.input_instant) p
        where p.symbol = o.underlying and p.session <= %(session)s::date
        order by p.session desc limit 1
    ) last on true
), used as (
    select t.position_id, t.use, case when w.commit_id is not null then 'override' else t.kind end as kind, t.symbol, t.session,
        case when t.kind = 'close' then coalesce(w.price, p.close, t.price) else t.price end as price,
        case when w.commit_id is null then p.source end as source, coalesce(w.commit_id, p.commit_id, k.commit_id) as commit_id
    from taken t
    join lots n on n.position_id = t.position_id
    left join lateral (
        -- Of a lot's own close alone: an underlying's price is the market's.
        select q.price::double precision as price, q.commit_id from book.price_overrides_at(t.input_instant) q
        where n.symbol = t.symbol and t.kind = 'close' and q.portfolio_id = %(portfolio_id)s and q.symbol = t.symbol and q.session = t.session
        limit 1
    ) w on true
    left join lateral (
        select q.close, q.source, q.commit_id from market.prices_at(t.input_instant) q
        where t.kind = 'close' and q.session = t.session and q.symbol = t.symbol limit 1
    ) p on true
    left join lateral (
        select q.commit_id from book.private_marks_at(t.input_instant) q
        where t.kind = 'mark' and q.portfolio_id = %(portfolio_id)s and q.symbol = t.symbol and q.mark_date = t.session
        limit 1
    ) k on true
)
select json_build_object(
        'reason', coalesce(%(missing)s::text, case when not exists (
            select from links l where l.asset = %(asset)s::text
        ) then 'not_materialized' end),
        'asset', %(asset)s::text,
        'position_id', %(position_id)s::bigint,
        'slices', coalesce((
            select json_agg(json_build_object(
                    'asset', l.asset, 'session', l.session, 'portfolio_id', l.portfolio_id,
                    'materialized_at', l.checked_at, 'committed_at', c.committed_at, 'code_version', l.code_version,
                    'input_hash', encode(l.input_hash, 'hex'), 'output_digest', encode(l.output_digest, 'hex'),
                    'row_count', l.row_count, 'inputs', string_to_array(l.inputs, ','),
                    'run', json_build_object(
                        'run_id', l.run_id, 'kind', l.kind, 'started_at', l.started_at, 'input_instant', l.input_instant,
                        'url', %(ui)s::text || '/runs/' || l.run_id
                    ),
                    'url', %(ui)s::text || '/assets/' || l.dagster_asset || '?partition=' || l.session
                ) order by l.place)
            from links l
            join analytics.commits c on c.commit_id = l.commit_id
        ), '[]'),
        'positions', coalesce((
            select json_agg(json_build_object(
                    'position_id', o.position_id, 'symbol', o.symbol, 'position_type', o.position_type,
                    'quantity', o.quantity, 'multiplier', o.multiplier, 'entry_price', o.entry_price,
                    'entry_date', o.entry_date, 'exit_date', o.exit_date, 'exit_price', o.exit_price,
                    'commit_id', o.commit_id, 'known_since', c.committed_at
                ) order by o.position_id)
            from lots o
            join analytics.commits c on c.commit_id = o.commit_id
        ), '[]'),
        'prices', coalesce((
            select json_agg(json_build_object(
                    'position_id', u.position_id, 'use', u.use, 'kind', u.kind, 'symbol', u.symbol, 'session', u.session,
                    'price', u.price, 'source', u.source, 'commit_id', u.commit_id, 'known_since', c.committed_at
                ) order by u.position_id, u.use)
            from used u
            left join analytics.commits c on c.commit_id = u.commit_id
        ), '[]')
    )::text,
    null
