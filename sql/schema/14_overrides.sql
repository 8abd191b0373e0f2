-- Price overrides: what a user says a listed symbol was worth at a session's close, for one of their portfolios.

create table book.price_overrides (
    portfolio_id bigint not null references book.portfolios,
    symbol text not null check (symbol <> ''),
    session date not null,
    price numeric not null check (price >= 0 and price < 'Infinity'),
    primary key (portfolio_id, symbol, session)
);
comment on table book.price_overrides is 'One row per portfolio, stock or option symbol and session: the close that the lots of that portfolio are valued at instead of the market''s.';
comment on column book.price_overrides.portfolio_id is 'book.portfolios.id.';
comment on column book.price_overrides.symbol is 'Stock symbol or compact OCC option symbol of a position of the portfolio.';
comment on column book.price_overrides.session is 'NYSE session it is the close of; carried on to later ones until the next close.';
comment on column book.price_overrides.price is 'USD per unit, as a raw close of the session: per share as of then.';

call analytics.system_version('book.price_overrides');
create trigger version before insert or update or delete on book.price_overrides
for each row execute function analytics.version_row();

create function analytics.note_overrides() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into analytics.changes (commit_id, input, portfolio_id, first_session)
    select analytics.current_commit(), 'overrides', c.portfolio_id, min(c.session)
    from changed c where analytics.current_commit() is not null group by c.portfolio_id;
    return null;
end $$;
comment on function analytics.note_overrides is 'Notes the price overrides a statement changed.';

create trigger note_inserted after insert on book.price_overrides
referencing new table as changed for each statement execute function analytics.note_overrides();
create trigger note_deleted after delete on book.price_overrides
referencing old table as changed for each statement execute function analytics.note_overrides();
create trigger note_updated_from after update on book.price_overrides
referencing old table as changed for each statement execute function analytics.note_overrides();
create trigger note_updated_to after update on book.price_overrides
referencing new table as changed for each statement execute function analytics.note_overrides();

-- They reach what marks reach. Known before code that declares it runs: an override of that time is not lost.
insert into analytics.reaches (input, asset, sessions)
select 'overrides', r.asset, r.sessions from analytics.reaches r where r.input = 'marks'
on conflict do nothing;

alter table analytics.waterfall_parts drop constraint waterfall_parts_cause_check;
alter table analytics.waterfall_parts add constraint waterfall_parts_cause_check check (
    cause in ('code', 'history', 'terms', 'flows', 'positions', 'multipliers', 'marks', 'overrides', 'splits', 'first_seen', 'restated')
);
comment on column analytics.waterfall_parts.cause is 'What was substituted: code, history (earlier sessions stored from other inputs), terms (initial equity, inception), flows, positions, multipliers, marks, price overrides, splits, closes first seen, closes restated.';
comment on column analytics.restatements.causes is 'What had changed since the run before read its inputs: code, terms, flows, positions, multipliers, marks, overrides, prices; rows where nothing had, and the stored rows were put right.';

grant select, insert, update, delete on book.price_overrides to sigmasight_intake;
grant select on book.price_overrides_history to sigmasight_intake;
grant select on book.price_overrides, book.price_overrides_history to sigmasight_pipeline, sigmasight_reader;
revoke all on function book.price_overrides_at, analytics.note_overrides from public;
grant execute on function book.price_overrides_at to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
