-- For the transaction: tables that were filled a moment ago have no statistics yet, and a nested loop over what
-- looks like a handful of rows would take hours. Every join of the identities is bounded, so hashing is never bad.
select set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true), set_config('work_mem', '64MB', true)
