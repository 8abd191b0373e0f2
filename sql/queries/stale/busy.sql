-- What goes before the recomputation of what is stale: a run under way, or a request that waits for its run.
select case
    when exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.objid = 7426002 and l.granted
          and l.database = (select d.oid from pg_database d where d.datname = current_database())
    ) then 'a run is under way'
    when exists (
        select from book.run_requests q
        cross join lateral (
            select count(*) as times, coalesce(bool_and(r.interrupted), true) as unanswered
            from analytics.runs r where r.request_id = q.id
        ) as tried
        where q.kind <> 'why' and tried.unanswered and tried.times < %(attempts)s
    ) then 'a request waits for its run'
end
