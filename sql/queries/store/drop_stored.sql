-- Staged rows that a stored row equals: those that differ are gone by now. What is left is inserted without looking at
-- the table again, which while it grows would mean looking at all that was inserted.
delete from {rows} s using {table} t where {same_key}
