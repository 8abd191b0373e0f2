-- Rows of the staged slices that are not among the new rows move to history.
with gone as (
    delete from {table} t
    using {slices} c
    where {same_slice}
      and not exists (select from {rows} s where {same_key} and {same_values})
    returning t.*
)
insert into {history} ({columns}, commit_id, superseded_by) select {columns}, commit_id, %(commit)s from gone
