-- All rows of the staged slices move to history.
with gone as (
    delete from {table} t using {slices} c where {same_slice} returning t.*
)
insert into {history} ({columns}, commit_id, superseded_by) select {columns}, commit_id, %(commit)s from gone
