update market.quarantine set status = %(status)s, decided_at = clock_timestamp() where id = any(%(ids)s)
