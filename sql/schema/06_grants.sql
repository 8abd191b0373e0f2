-- Grants only: the roles themselves, with their passwords, exist before the migrations run.
revoke all on schema public from public;
revoke all on all functions in schema analytics, book from public;
revoke all on all procedures in schema analytics from public;

grant usage on schema book, market, analytics to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;

-- Intake: writes the book, except the two equity columns and past versions.
grant select on all tables in schema book, market, analytics to sigmasight_intake;
grant insert, delete on book.portfolios, book.positions, book.tags, book.position_tags, book.private_marks, book.cash_flows
to sigmasight_intake;
grant update on book.positions, book.tags, book.position_tags, book.private_marks, book.cash_flows to sigmasight_intake;
grant update (owner_id, name, initial_equity, inception_date) on book.portfolios to sigmasight_intake;
revoke select on book.users from sigmasight_intake;
grant select (id, username, role) on book.users to sigmasight_intake;
grant insert, update (username, password_hash, role) on book.users to sigmasight_intake;
grant insert on book.uploads, book.run_requests to sigmasight_intake;

-- Pipeline: writes market and analytics; of the book only the two columns that mirror rolled equity.
grant select on all tables in schema market, analytics to sigmasight_pipeline;
grant select on book.portfolios, book.positions, book.tags, book.position_tags, book.private_marks, book.cash_flows,
book.portfolios_history, book.positions_history, book.tags_history, book.position_tags_history,
book.private_marks_history, book.cash_flows_history, book.uploads, book.run_requests to sigmasight_pipeline;
grant select (id, username, role) on book.users to sigmasight_pipeline;
grant update (equity_balance, equity_as_of) on book.portfolios to sigmasight_pipeline;
grant insert, update, delete on all tables in schema market, analytics to sigmasight_pipeline;
revoke insert, update, delete on analytics.commits, market.sessions from sigmasight_pipeline;

-- Reader: reads, and no more.
grant select on all tables in schema market, analytics to sigmasight_reader;
grant select on book.portfolios, book.positions, book.tags, book.position_tags, book.private_marks, book.cash_flows,
book.portfolios_history, book.positions_history, book.tags_history, book.position_tags_history,
book.private_marks_history, book.cash_flows_history, book.uploads, book.run_requests to sigmasight_reader;
grant select (id, username, role) on book.users to sigmasight_reader;
grant execute on function book.login to sigmasight_reader;

grant execute on function analytics.begin_commit to sigmasight_intake, sigmasight_pipeline;
grant execute on function analytics.settled_instant to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
-- Readers of past instants are plain inlined queries: they can see no more than their caller.
do $$
declare
    f regprocedure;
begin
    for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
             where n.nspname in ('book', 'market', 'analytics') and p.proname like '%\_at' loop
        execute format('grant execute on function %s to sigmasight_intake, sigmasight_pipeline, sigmasight_reader', f);
    end loop;
end $$;

-- The API says whether the tables are those its code expects. (A schema built without migrations has no such table.)
grant usage on schema public to sigmasight_reader;
do $$
begin
    if to_regclass('public.alembic_version') is not null then
        grant select on public.alembic_version to sigmasight_reader;
    end if;
end $$;
