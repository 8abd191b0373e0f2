-- Advisory locks order the writers: whoever may only read must not be able to hold one.
do $$
declare
    lock_function regprocedure;
    writers text;
begin
    select string_agg(quote_ident(rolname), ', ') into strict writers from pg_roles
    where rolname in ('sigmasight', 'sigmasight_intake', 'sigmasight_pipeline')
       or oid = (select datdba from pg_database where datname = current_database());
    for lock_function in
        select oid from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_.*advisory.*lock'
    loop
        execute format('revoke execute on function %s from public', lock_function);
        execute format('grant execute on function %s to %s', lock_function, writers);
    end loop;
end
$$
