-- Staged rows that are stored already.
delete from {rows} s using {table} t where {same_key} and {same_values}
