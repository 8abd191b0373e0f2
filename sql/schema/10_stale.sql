-- What is stale: stored slices that an input has changed under since they were computed.
--
-- Statement triggers note what a transaction changes of the inputs. When its commit is stamped, last of all and under
-- the lock held until it is visible, the notes are spread to the slices they may reach, as ranges of sessions of an
-- asset and portfolio. The run that recomputes a range, knowing that commit, takes it away. So whatever is computed from
-- older inputs than are stored is in a range; the reach is declared by pipelines/steps/reach.py and is an upper bound.

create table analytics.assets (
    asset text primary key,
    by_portfolio boolean not null,
    code_version text not null,
    setting text
);
comment on table analytics.assets is 'One row per computed table: what the code that runs now computes it with.';
comment on column analytics.assets.asset is 'Table of schema analytics.';
comment on column analytics.assets.by_portfolio is 'Whether a slice is of one portfolio; else it is of the whole firm.';
comment on column analytics.assets.code_version is 'Version of its code.';
comment on column analytics.assets.setting is 'Settings that are an input of it, as text; null if it has none or none is known yet.';

create table analytics.reaches (
    input text not null,
    asset text not null references analytics.assets,
    sessions integer check (sessions >= 0),
    primary key (input, asset)
);
comment on table analytics.reaches is 'One row per input, or asset, and asset a change of it reaches.';
comment on column analytics.reaches.input is 'What changes: an input of pipelines/steps/reach.py or an asset''s slices.';
comment on column analytics.reaches.asset is 'analytics.assets.asset that may be another then.';
comment on column analytics.reaches.sessions is 'For so many sessions after the changed one; null for all that follow.';

create table analytics.factor_symbols (symbol text primary key);
comment on table analytics.factor_symbols is 'One row per symbol that a factor''s return is made of.';
comment on column analytics.factor_symbols.symbol is 'Factor proxy or member of the short-interest universe.';

create table analytics.changes (
    commit_id bigint not null,
    input text not null,
    symbol text,
    portfolio_id bigint,
    first_session date not null,
    last_session date
);
comment on table analytics.changes is 'One row per input that the current transaction changed; empty for everybody else.';
comment on column analytics.changes.commit_id is 'analytics.commits.commit_id that changes it.';
comment on column analytics.changes.input is 'analytics.reaches.input.';
comment on column analytics.changes.symbol is 'Symbol whose prices or short interest it is; null for the book.';
comment on column analytics.changes.portfolio_id is 'book.portfolios.id; null for the market.';
comment on column analytics.changes.first_session is 'First session (or day before it) whose inputs are others.';
comment on column analytics.changes.last_session is 'Last session whose inputs are others; null if open.';

create table analytics.stale_ranges (
    asset text not null,
    portfolio_id bigint,
    first_session date not null,
    last_session date,
    commit_id bigint not null,
    cause text not null
);
create index on analytics.stale_ranges (portfolio_id, asset);
create index on analytics.stale_ranges (asset);
comment on table analytics.stale_ranges is 'One row per commit and range of sessions of an asset and portfolio that it may have made stale, until recomputed.';
comment on column analytics.stale_ranges.asset is 'Table of schema analytics.';
comment on column analytics.stale_ranges.portfolio_id is 'book.portfolios.id; null for a table of the whole firm.';
comment on column analytics.stale_ranges.first_session is 'First session (or day before it) that may be another now.';
comment on column analytics.stale_ranges.last_session is 'Last session that may be another now; null for all that follow.';
comment on column analytics.stale_ranges.commit_id is 'analytics.commits.commit_id that changed the inputs.';
comment on column analytics.stale_ranges.cause is 'What changed.';

create function analytics.later_session(day date, by integer) returns date
language sql stable as $$
    select case when by is null then null else coalesce(
        (
            select s.session from market.sessions s
            where s.session_index = (
                select d.session_index from market.sessions d where d.session <= day order by d.session desc limit 1
            ) + by
        ),
        day + 2 * by
    ) end
$$;
comment on function analytics.later_session is 'The session so many sessions after a day''s (or the one before it); null for null.';

-- The portfolios and sessions that a change of some closes reaches. A close is a value until the next one that can be
-- believed, and a return in the windows that hold it.
create function analytics.price_cone(symbols text[], firsts date[], lasts date[])
returns table (asset text, portfolio_id bigint, first_session date, last_session date)
language sql stable as $$
    with changed as (
        select c.symbol, min(c.first) as first, max(c.last) as last
        from unnest(symbols, firsts, lasts) as c (symbol, first, last)
        group by c.symbol
    ),
    held as (
        select c.*, b.portfolio_id, b.entry_date, coalesce(least(b.exit_date, b.expiry), 'infinity'::date) + 10 as ended,
            false as is_underlying, b.asset_class = 'OPTION' as is_option, abs(b.quantity * b.multiplier) as units
        from changed c join book.positions b on b.symbol = c.symbol and b.asset_class <> 'PRIVATE'
        union all
        select c.*, b.portfolio_id, b.entry_date, coalesce(least(b.exit_date, b.expiry), 'infinity'::date) + 10, true, true,
            abs(b.quantity * b.multiplier)
        from changed c join book.positions b on b.underlying = c.symbol
    ),
    followed as (
        select h.symbol, (
            select min(p.session) from market.prices p
            where p.symbol = h.symbol and p.session > h.last and p.close * h.units < 9e10
        ) as next_session
        from (select symbol, last, max(units)::double precision as units from held group by symbol, last) as h
    ),
    touched as (
        select 'prices' as input, h.portfolio_id, min(h.first) as first, max(h.last) as last
        from held h
        join followed f on f.symbol = h.symbol
        join book.portfolios p on p.id = h.portfolio_id
        where h.ended >= h.first
          and (h.is_underlying or h.entry_date <= h.last)
          and (f.next_session is null or p.inception_date < f.next_session)
        group by h.portfolio_id
        union all
        select 'returns', h.portfolio_id, min(h.first), max(h.last)
        from held h
        where (h.is_underlying or not h.is_option)
          and h.ended >= h.first
          and h.entry_date <= h.last + 160
        group by h.portfolio_id
        union all
        select 'factor_prices', p.id, f.first, f.last
        from (
            select min(c.first) as first, max(c.last) as last
            from changed c join analytics.factor_symbols s on s.symbol = c.symbol
        ) as f
        cross join book.portfolios p
        where f.first is not null
    ),
    spread as (
        select r.asset, t.portfolio_id, t.first, analytics.later_session(t.last, r.sessions) as last
        from touched t
        join analytics.reaches r on r.input = t.input
        join analytics.assets a on a.asset = r.asset and a.by_portfolio
        union all
        select r.asset, null, t.first, analytics.later_session(t.last, r.sessions)
        from (select input, min(first) as first, max(last) as last from touched group by input) as t
        join analytics.reaches r on r.input = t.input
        join analytics.assets a on a.asset = r.asset and not a.by_portfolio
    )
    select s.asset, s.portfolio_id, min(s.first), case when count(s.last) = count(*) then max(s.last) end
    from spread s
    left join book.portfolios p on p.id = s.portfolio_id
    where s.portfolio_id is null or s.last is null or p.inception_date < s.last
    group by s.asset, s.portfolio_id
$$;
comment on function analytics.price_cone is 'Slices that closes of symbols between two sessions each reach; an upper bound.';

-- The portfolios and sessions that publications of short interest reach: all, until the next one of the symbol.
create function analytics.short_interest_cone(first date, last date)
returns table (asset text, portfolio_id bigint, first_session date, last_session date)
language sql stable as $$
    select r.asset, p.id, short_interest_cone.first, analytics.later_session(short_interest_cone.last, r.sessions)
    from analytics.reaches r
    join analytics.assets a on a.asset = r.asset
    left join book.portfolios p on a.by_portfolio
    where r.input = 'short_interest'
      and (not a.by_portfolio or p.inception_date < coalesce(analytics.later_session(short_interest_cone.last, r.sessions), 'infinity'))
$$;
comment on function analytics.short_interest_cone is 'Slices that short interest in use between two days reaches; an upper bound.';

-- The sessions that a change of a portfolio's own inputs reaches.
create function analytics.book_cone(input text, portfolio_id bigint, first date)
returns table (asset text, portfolio_id bigint, first_session date, last_session date)
language sql stable as $$
    select r.asset, case when a.by_portfolio then book_cone.portfolio_id end, book_cone.first,
        analytics.later_session(book_cone.first, r.sessions)
    from analytics.reaches r
    join analytics.assets a on a.asset = r.asset
    where r.input = book_cone.input
$$;
comment on function analytics.book_cone is 'Slices that an input of one portfolio reaches from a day on; an upper bound.';

-- The slices of an asset and of all that is computed from them.
create function analytics.asset_cone(changed text)
returns table (asset text, portfolio_id bigint, first_session date, last_session date)
language sql stable as $$
    with stored as (
        select s.portfolio_id, min(s.session) as first
        from analytics.slices s where s.asset = asset_cone.changed group by s.portfolio_id
    ),
    reached as (
        select asset_cone.changed as asset union all select r.asset from analytics.reaches r where r.input = asset_cone.changed
    )
    select r.asset, case when a.by_portfolio then coalesce(s.portfolio_id, p.id) end, min(s.first), null::date
    from reached r
    join analytics.assets a on a.asset = r.asset
    cross join stored s
    left join book.portfolios p on a.by_portfolio and s.portfolio_id is null
    where not a.by_portfolio or s.portfolio_id is not null or p.id is not null
    group by 1, 2
$$;
comment on function analytics.asset_cone is 'Slices that another code of an asset reaches; an upper bound.';

create function analytics.current_commit() returns bigint
language sql stable as $$ select nullif(current_setting('sigmasight.commit_id', true), '')::bigint $$;
comment on function analytics.current_commit is 'The commit this transaction has begun; null if it has begun none.';

create function analytics.note_prices() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, symbol, first_session, last_session)
    select analytics.current_commit(), 'prices', c.symbol, min(c.session), max(c.session)
    from changed c where analytics.current_commit() is not null group by c.symbol;
    return null;
end $$;
comment on function analytics.note_prices is 'Notes the closes a statement changed.';

create function analytics.note_short_interest() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, symbol, first_session, last_session)
    select analytics.current_commit(), 'short_interest', c.symbol, min(c.day) + 1, (
        select min((n.published_at at time zone 'America/New_York')::date)
        from market.short_interest n
        where n.symbol = c.symbol and (n.published_at at time zone 'America/New_York')::date > max(c.day)
    )
    from (select symbol, (published_at at time zone 'America/New_York')::date as day from changed) as c
    where analytics.current_commit() is not null
    group by c.symbol;
    return null;
end $$;
comment on function analytics.note_short_interest is 'Notes the short interest a statement changed.';

create function analytics.note_lots() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), i.input, c.portfolio_id, min(c.entry_date)
    from changed c cross join (values ('lots'), ('holdings')) as i (input)
    where analytics.current_commit() is not null
    group by i.input, c.portfolio_id;
    return null;
end $$;
comment on function analytics.note_lots is 'Notes the lots a statement added or removed.';

-- An edited lot is another one from its entry on. Its name is no input; what it holds and when decides whose betas exist.
create function analytics.note_edited_lots() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), i.input, c.portfolio_id, min(c.first)
    from (
        select v.portfolio_id, least(o.entry_date, n.entry_date) as first,
            (o.portfolio_id, o.symbol, o.asset_class, o.underlying, o.entry_date, o.exit_date, o.expiry)
            is distinct from (n.portfolio_id, n.symbol, n.asset_class, n.underlying, n.entry_date, n.exit_date, n.expiry) as is_moved
        from gone o
        join changed n on n.id = o.id
        cross join lateral (values (o.portfolio_id), (n.portfolio_id)) as v (portfolio_id)
        where to_jsonb(o) - '{name,commit_id}'::text[] <> to_jsonb(n) - '{name,commit_id}'::text[]
    ) as c
    join (values ('lots', false), ('holdings', true)) as i (input, of_moved) on c.is_moved or not i.of_moved
    where analytics.current_commit() is not null
    group by i.input, c.portfolio_id;
    return null;
end $$;
comment on function analytics.note_edited_lots is 'Notes the lots a statement edited.';

create function analytics.note_marks() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), 'marks', c.portfolio_id, min(c.mark_date)
    from changed c where analytics.current_commit() is not null group by c.portfolio_id;
    return null;
end $$;
comment on function analytics.note_marks is 'Notes the private marks a statement changed.';

create function analytics.note_flows() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), 'flows', c.portfolio_id, min(c.flow_date)
    from changed c where analytics.current_commit() is not null group by c.portfolio_id;
    return null;
end $$;
comment on function analytics.note_flows is 'Notes the cash flows a statement changed.';

-- Of a portfolio, its initial equity and its inception are inputs; the latter places all its lots.
create function analytics.note_portfolios() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), i.input, n.id, least(o.inception_date, n.inception_date)
    from gone o
    join changed n on n.id = o.id
    join (values ('initial_equity', false), ('lots', true), ('holdings', true)) as i (input, of_moved)
        on o.inception_date <> n.inception_date or (o.initial_equity <> n.initial_equity and not i.of_moved)
    where analytics.current_commit() is not null;
    return null;
end $$;
comment on function analytics.note_portfolios is 'Notes the portfolios whose inception or initial equity a statement changed.';

create trigger note_inserted after insert on market.prices
referencing new table as changed for each statement execute function analytics.note_prices();
create trigger note_deleted after delete on market.prices
referencing old table as changed for each statement execute function analytics.note_prices();
create trigger note_updated_from after update on market.prices
referencing old table as changed for each statement execute function analytics.note_prices();
create trigger note_updated_to after update on market.prices
referencing new table as changed for each statement execute function analytics.note_prices();

create trigger note_inserted after insert on market.short_interest
referencing new table as changed for each statement execute function analytics.note_short_interest();
create trigger note_deleted after delete on market.short_interest
referencing old table as changed for each statement execute function analytics.note_short_interest();
create trigger note_updated_from after update on market.short_interest
referencing old table as changed for each statement execute function analytics.note_short_interest();
create trigger note_updated_to after update on market.short_interest
referencing new table as changed for each statement execute function analytics.note_short_interest();

create trigger note_inserted after insert on book.positions
referencing new table as changed for each statement execute function analytics.note_lots();
create trigger note_deleted after delete on book.positions
referencing old table as changed for each statement execute function analytics.note_lots();
create trigger note_updated after update on book.positions
referencing old table as gone new table as changed for each statement execute function analytics.note_edited_lots();

create trigger note_inserted after insert on book.private_marks
referencing new table as changed for each statement execute function analytics.note_marks();
create trigger note_deleted after delete on book.private_marks
referencing old table as changed for each statement execute function analytics.note_marks();
create trigger note_updated_from after update on book.private_marks
referencing old table as changed for each statement execute function analytics.note_marks();
create trigger note_updated_to after update on book.private_marks
referencing new table as changed for each statement execute function analytics.note_marks();

create trigger note_inserted after insert on book.cash_flows
referencing new table as changed for each statement execute function analytics.note_flows();
create trigger note_deleted after delete on book.cash_flows
referencing old table as changed for each statement execute function analytics.note_flows();
create trigger note_updated_from after update on book.cash_flows
referencing old table as changed for each statement execute function analytics.note_flows();
create trigger note_updated_to after update on book.cash_flows
referencing new table as changed for each statement execute function analytics.note_flows();

create trigger note_updated after update on book.portfolios
referencing old table as gone new table as changed for each statement execute function analytics.note_portfolios();

-- Lots are looked up by the symbols whose prices they need.
create index positions_symbol on book.positions (symbol);
create index positions_underlying on book.positions (underlying) where underlying is not null;

create function analytics.spread_changes(spread_commit bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from analytics.changes n where n.commit_id = spread_commit) then
        return;
    end if;
    insert into analytics.stale_ranges (asset, portfolio_id, first_session, last_session, commit_id, cause)
    with noted as (
        select n.* from analytics.changes n where n.commit_id = spread_commit
    ),
    prices as (
        select array_agg(n.symbol) as symbols, array_agg(n.first_session) as firsts, array_agg(n.last_session) as lasts,
            case when count(distinct n.symbol) = 1 then 'price of ' || min(n.symbol)
                else 'prices of ' || count(distinct n.symbol) || ' symbols' end as cause
        from noted n where n.input = 'prices'
    ),
    reached as (
        select c.*, p.cause from prices p cross join lateral analytics.price_cone(p.symbols, p.firsts, p.lasts) as c
        union all
        select c.*, 'short interest'
        from (
            select min(n.first_session) as first, case when count(n.last_session) = count(*) then max(n.last_session) end as last
            from noted n where n.input = 'short_interest' having count(*) > 0
        ) as i
        cross join lateral analytics.short_interest_cone(i.first, i.last) as c
        union all
        select c.*, replace(b.input, '_', ' ')
        from (select n.input, n.portfolio_id, min(n.first_session) as first from noted n where n.portfolio_id is not null group by 1, 2) as b
        cross join lateral analytics.book_cone(b.input, b.portfolio_id, b.first) as c
    )
    select r.asset, r.portfolio_id, min(r.first_session), case when count(r.last_session) = count(*) then max(r.last_session) end,
        spread_commit, string_agg(distinct r.cause, ', ' order by r.cause)
    from reached r
    group by r.asset, r.portfolio_id;
    delete from analytics.changes n where n.commit_id = spread_commit;
end $$;
comment on function analytics.spread_changes is 'Turns what a commit changed of the inputs into the ranges it may have made stale.';

create or replace function analytics.stamp_commit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7426001);
    update analytics.commits c
    set committed_at = greatest(
        clock_timestamp(),
        (select max(committed_at) from analytics.commits) + interval '1 microsecond'
    )
    where c.commit_id = new.commit_id;
    -- Under the lock: every commit stamped before this one is visible, so no lot or close is missed.
    perform analytics.spread_changes(new.commit_id);
    perform pg_notify('sigmasight_changes', '');
    return null;
end $$;

-- A run that finds everything unchanged commits no version, but what it looked at is no longer stale.
create trigger tell_change after update or delete on analytics.stale_ranges
for each row execute function analytics.tell_change();

-- What the code that runs now declares. Slices of an asset with another code or setting become stale, and what is
-- computed from them. Returns the number of assets that are computed otherwise now.
create function analytics.declare(declared jsonb) returns integer
language plpgsql as $$
declare
    other text[];
    commit bigint;
begin
    select array_agg(d.asset) into other
    from jsonb_to_recordset(declared -> 'assets') as d (asset text, code_version text, setting text)
    join analytics.assets a on a.asset = d.asset
    where a.code_version <> d.code_version or a.setting <> d.setting;
    insert into analytics.assets as a (asset, by_portfolio, code_version, setting)
    select d.* from jsonb_to_recordset(declared -> 'assets') as d (asset text, by_portfolio boolean, code_version text, setting text)
    on conflict (asset) do update
    set by_portfolio = excluded.by_portfolio, code_version = excluded.code_version, setting = coalesce(excluded.setting, a.setting)
    where (a.by_portfolio, a.code_version) is distinct from (excluded.by_portfolio, excluded.code_version)
       or a.setting is distinct from coalesce(excluded.setting, a.setting);
    delete from analytics.reaches r where not exists (
        select from jsonb_to_recordset(declared -> 'reaches') as d (input text, asset text, sessions integer)
        where d.input = r.input and d.asset = r.asset and d.sessions is not distinct from r.sessions
    );
    insert into analytics.reaches
    select d.* from jsonb_to_recordset(declared -> 'reaches') as d (input text, asset text, sessions integer)
    where not exists (select from analytics.reaches r where r.input = d.input and r.asset = d.asset);
    delete from analytics.factor_symbols s where not declared -> 'factor_symbols' ? s.symbol;
    insert into analytics.factor_symbols
    select d.symbol from jsonb_array_elements_text(declared -> 'factor_symbols') as d (symbol)
    where not exists (select from analytics.factor_symbols s where s.symbol = d.symbol);
    if other is null or not exists (select from analytics.slices s where s.asset = any(other)) then
        return coalesce(cardinality(other), 0);
    end if;
    commit := analytics.begin_commit(null, 'code');
    insert into analytics.stale_ranges (asset, portfolio_id, first_session, last_session, commit_id, cause)
    select c.asset, c.portfolio_id, min(c.first_session), null, commit, 'code of ' || string_agg(distinct o.asset, ', ')
    from unnest(other) as o (asset)
    cross join lateral analytics.asset_cone(o.asset) as c
    group by c.asset, c.portfolio_id;
    return cardinality(other);
end $$;
comment on function analytics.declare is 'Takes what pipelines/steps/reach.py declares; what other code computed becomes stale.';

-- Stored slices of some portfolios that are stale between two sessions: a range by asset, portfolio and commit.
create function analytics.stale_slices(portfolios bigint[], first date, last date)
returns table (asset text, portfolio_id bigint, first_session date, last_session date, sessions bigint, changed_at timestamptz, cause text)
language sql stable as $$
    select r.asset, r.portfolio_id, s.first, s.last, s.sessions, c.committed_at, r.cause
    from analytics.stale_ranges r
    join analytics.commits c on c.commit_id = r.commit_id
    cross join lateral (
        select min(m.session) as first, max(m.session) as last, count(*) as sessions
        from analytics.slices m
        where m.asset = r.asset and m.portfolio_id is not distinct from r.portfolio_id
          and m.session between greatest(r.first_session, stale_slices.first) and least(coalesce(r.last_session, 'infinity'), stale_slices.last)
    ) as s
    where s.sessions > 0 and (stale_slices.portfolios is null or r.portfolio_id = any(stale_slices.portfolios) or r.portfolio_id is null)
      and r.first_session <= stale_slices.last and coalesce(r.last_session, 'infinity') >= stale_slices.first
$$;
comment on function analytics.stale_slices is 'Stale slices of portfolios (null: all) and of the whole firm between two sessions, with what changed and when.';

grant select on analytics.assets, analytics.reaches, analytics.factor_symbols, analytics.changes, analytics.stale_ranges
to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
grant insert, update, delete on analytics.assets, analytics.reaches, analytics.factor_symbols, analytics.changes, analytics.stale_ranges
to sigmasight_pipeline;
revoke all on all functions in schema analytics from public;
grant execute on function analytics.later_session, analytics.price_cone, analytics.short_interest_cone, analytics.book_cone,
analytics.asset_cone, analytics.stale_slices, analytics.current_commit
to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
grant execute on function analytics.declare to sigmasight_pipeline;
comment on column analytics.runs.kind is 'Why it ran: daily, backfill, upload, recalculate, materialize, retention, stale.';
