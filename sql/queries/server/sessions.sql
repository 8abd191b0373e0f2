-- Who else is connected to a database. What a session is doing is hidden from other roles, but not its name;
-- the server's own workers have none.
select usename || coalesce(' (' || nullif(application_name, '') || ')', '') as session
from pg_stat_activity where datname = %s and pid <> pg_backend_pid() and usename is not null
order by 1
