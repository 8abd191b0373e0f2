-- System versions: what was known when.
--
-- Every versioned row carries the commit that wrote it. A replaced row moves to <table>_history with the commit
-- that superseded it; an unchanged row stays. A commit is stamped last, by a deferred trigger that holds a global
-- lock until the transaction is visible. Hence committed_at is strictly increasing in order of visibility, and
-- what a past instant shows never changes.

create table analytics.runs (
    run_id text primary key,
    request_id bigint,
    kind text not null,
    start_session date not null,
    end_session date not null,
    portfolio_ids bigint[],
    input_instant timestamptz,
    started_at timestamptz not null,
    ended_at timestamptz,
    status text not null check (status in ('running', 'succeeded', 'failed')),
    error text,
    left_out jsonb not null default '{}'
);
comment on table analytics.runs is 'One row per run of the pipeline.';
comment on column analytics.runs.run_id is 'Dagster run id.';
comment on column analytics.runs.request_id is 'book.run_requests.id this run answers; null when nobody asked for it by request.';
comment on column analytics.runs.kind is 'Why it ran: daily, backfill, upload, recalculate, materialize.';
comment on column analytics.runs.start_session is 'First session asked for.';
comment on column analytics.runs.end_session is 'Last session asked for.';
comment on column analytics.runs.portfolio_ids is 'Portfolios the run was limited to; null for all.';
comment on column analytics.runs.input_instant is 'The book and the market are read as known at this instant (UTC); null before the price step ended.';
comment on column analytics.runs.started_at is 'Instant the run started (UTC).';
comment on column analytics.runs.ended_at is 'Instant the run ended (UTC); null while it is running.';
comment on column analytics.runs.status is 'running, succeeded or failed.';
comment on column analytics.runs.error is 'Why it failed; null otherwise.';
comment on column analytics.runs.left_out is 'Portfolio id to the reason it was left out of this run.';

create table analytics.commits (
    commit_id bigint generated always as identity primary key,
    committed_at timestamptz unique,
    run_id text,
    actor text not null,
    action text not null
);
comment on table analytics.commits is 'One row per transaction that wrote versioned rows.';
comment on column analytics.commits.commit_id is 'Identifies the commit; no order is implied, committed_at gives it.';
comment on column analytics.commits.committed_at is 'Instant the transaction became visible (UTC), strictly increasing; null only inside the transaction itself.';
comment on column analytics.commits.run_id is 'analytics.runs.run_id that wrote it; null for the intake.';
comment on column analytics.commits.actor is 'Database role that wrote it.';
comment on column analytics.commits.action is 'What it did, in a word or two.';

-- Begin (or continue) this transaction's commit. Security definer: no role writes analytics.commits itself.
create function analytics.begin_commit(run_id text, action text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id bigint := nullif(current_setting('sigmasight.commit_id', true), '')::bigint;
begin
    if id is not null then
        return id;
    end if;
    -- A snapshot older than the lock could not see the newest stamp.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'versioned rows are written in READ COMMITTED transactions only';
    end if;
    insert into analytics.commits (run_id, actor, action)
    values (begin_commit.run_id, session_user, begin_commit.action)
    returning commit_id into id;
    perform set_config('sigmasight.commit_id', id::text, true);
    return id;
end $$;
comment on function analytics.begin_commit is 'The commit id of this transaction, begun on first use.';

create function analytics.stamp_commit() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_advisory_xact_lock(7426001);
    update analytics.commits c
    set committed_at = greatest(
        clock_timestamp(),
        (select max(committed_at) from analytics.commits) + interval '1 microsecond'
    )
    where c.commit_id = new.commit_id;
    return null;
end $$;
comment on function analytics.stamp_commit is 'Stamps a commit as the last act of its transaction, under a lock held until it is visible.';

-- Waits for commits being stamped: whatever is stamped after it returns is later than what it returns. The lock
-- goes with the inner block, which is always rolled back: a reader's open transaction must hold up no writer.
create function analytics.settled_instant() returns timestamptz
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    newest timestamptz;
begin
    begin
        perform pg_advisory_xact_lock_shared(7426001);
        newest := coalesce((select max(c.committed_at) from analytics.commits c), clock_timestamp());
        raise sqlstate 'SS000';
    exception when sqlstate 'SS000' then
        null;
    end;
    return newest;
end $$;
comment on function analytics.settled_instant is 'The newest commit''s instant; no commit will ever be stamped at or before it.';

create constraint trigger stamp after insert on analytics.commits
deferrable initially deferred for each row execute function analytics.stamp_commit();

-- Row trigger of the small, hand-edited tables (book). The large tables are versioned in bulk by their writer.
create function analytics.version_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    id bigint := nullif(current_setting('sigmasight.commit_id', true), '')::bigint;
begin
    if id is null or not exists (
        select from analytics.commits c where c.commit_id = id and c.committed_at is null
    ) then
        raise exception '%.% is versioned: call analytics.begin_commit first', tg_table_schema, tg_table_name;
    end if;
    if tg_op = 'UPDATE' then
        new.commit_id := old.commit_id;
        if new is not distinct from old then
            return null;  -- nothing changed: the row keeps its commit
        end if;
    end if;
    if tg_op <> 'INSERT' and old.commit_id <> id then
        execute format('insert into %I.%I select ($1).*, $2', tg_table_schema, tg_table_name || '_history')
        using old, id;
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.commit_id := id;
    return new;
end $$;
comment on function analytics.version_row is 'Moves a replaced row to its history table and stamps the new one with this commit.';

-- Adds commit_id and history to a table, and <table>_at(known_at): its rows as known at an instant (null: now).
create procedure analytics.system_version(tbl regclass)
language plpgsql as $$
declare
    schema_name text;
    table_name text;
    column_name text;
    key_columns text;
begin
    select n.nspname, c.relname into schema_name, table_name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = tbl;
    execute format('alter table %s add column commit_id bigint not null', tbl);
    execute format('comment on column %s.commit_id is %L', tbl, 'analytics.commits.commit_id that wrote this version of the row.');
    execute format('create table %I.%I (like %s)', schema_name, table_name || '_history', tbl);
    execute format('alter table %I.%I add column superseded_by bigint not null', schema_name, table_name || '_history');
    execute format('comment on table %I.%I is %L', schema_name, table_name || '_history',
                   'Superseded versions of ' || schema_name || '.' || table_name || '; one row per replaced row.');
    for column_name in select a.attname from pg_attribute a where a.attrelid = tbl and a.attnum > 0 and not a.attisdropped loop
        execute format('comment on column %I.%I.%I is %L', schema_name, table_name || '_history', column_name,
            coalesce((select col_description(tbl, a.attnum) from pg_attribute a where a.attrelid = tbl and a.attname = column_name), ''));
    end loop;
    execute format('comment on column %I.%I.superseded_by is %L', schema_name, table_name || '_history',
                   'analytics.commits.commit_id that replaced or removed this version.');
    select string_agg(quote_ident(a.attname), ', ' order by k.ord) into key_columns
    from pg_index i
    cross join lateral unnest(i.indkey::smallint[]) with ordinality as k(attnum, ord)
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indexrelid = (
        select u.indexrelid from pg_index u where u.indrelid = tbl and u.indisunique order by u.indisprimary desc limit 1
    );
    execute format('create index on %I.%I (%s)', schema_name, table_name || '_history', key_columns);
    execute format('create index on %I.%I (superseded_by)', schema_name, table_name || '_history');
    -- Late commits are few when known_at is recent, so both anti-joins are cheap.
    execute format($f$
        create function %1$I.%2$I(known_at timestamptz) returns setof %3$s language sql stable as $q$
            select t.* from %3$s t
            where not exists (select from analytics.commits c where c.commit_id = t.commit_id and c.committed_at > known_at)
            union all
            select %4$s from %1$I.%5$I h
            where exists (select from analytics.commits c where c.commit_id = h.superseded_by and c.committed_at > known_at)
              and not exists (select from analytics.commits c where c.commit_id = h.commit_id and c.committed_at > known_at)
        $q$ $f$,
        schema_name, table_name || '_at', tbl,
        (select string_agg('h.' || quote_ident(a.attname), ', ' order by a.attnum)
         from pg_attribute a where a.attrelid = tbl and a.attnum > 0 and not a.attisdropped),
        table_name || '_history');
    execute format('comment on function %I.%I is %L', schema_name, table_name || '_at',
                   'Rows of ' || schema_name || '.' || table_name || ' as known at an instant; null means now.');
end $$;
comment on procedure analytics.system_version is 'Makes a table system-versioned: commit_id, history table, reader of past instants.';
