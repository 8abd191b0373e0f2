-- One trigger at a time, so that of two equal ones the second sees the first. Held to the end of the transaction.
select pg_advisory_xact_lock(7426003)
