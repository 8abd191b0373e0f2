"""A database as fresh as it was after its migrations, within milliseconds."""

from typing import Any

import psycopg

_KEPT = ("market.sessions", "analytics.assets", "analytics.reaches", "analytics.factor_symbols")
"""What migrations put there."""

_EMPTY = """
do $$
declare
    each record;
begin
    set local session_replication_role = replica;
    for each in
        select c.oid::regclass as name, c.relkind = 'S' as counts,
            pg_relation_size(c.oid) > 200000
                and not exists (select from pg_constraint f where f.confrelid = c.oid and f.contype = 'f') as is_large
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('book', 'market', 'analytics') and c.relkind in ('r', 'S')
          and format('%I.%I', n.nspname, c.relname) <> all (array[{kept}])
    loop
        if each.counts then
            perform setval(each.name, 1, false);
        elsif each.is_large then
            execute format('truncate only %s', each.name);
        else
            execute format('delete from only %s', each.name);
        end if;
    end loop;
end
$$
"""


def empty(owner: psycopg.Connection[Any]) -> None:
    """Delete every row but what migrations put there, and count ids from 1 again.

    Row by row and without triggers: to truncate a table, with its indexes, is to make new files for it, which takes a
    hundred times as long where there are a few rows. `tests.postgres_server` lets the owner switch off triggers.
    """
    owner.execute(_EMPTY.replace("{kept}", ", ".join(f"'{name}'" for name in _KEPT)))
