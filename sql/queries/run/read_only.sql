-- A connection that only reads.
set default_transaction_read_only = on
