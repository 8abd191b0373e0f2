select pg_advisory_unlock(7426002)
