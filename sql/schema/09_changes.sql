-- Whoever keeps what was read is told when it may have changed: every commit, and every change of the users.

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
    perform pg_notify('sigmasight_changes', '');
    return null;
end $$;

create function analytics.tell_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform pg_notify('sigmasight_changes', '');
    return null;
end $$;
comment on function analytics.tell_change is 'Tells listeners that what is not versioned has changed: who may read.';

create trigger tell_change after insert or update or delete or truncate on book.users
for each statement execute function analytics.tell_change();
