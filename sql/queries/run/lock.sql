-- Session-level: held by this connection until it is released or closed.
select pg_advisory_lock(7426002)
