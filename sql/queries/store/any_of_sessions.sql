select exists (select from {table} where session between %(start)s and %(end)s)
