-- All rows of the staged slices move to history.
with gone as (
    delete from {table} t using {slices} c where {same_slice} returning t.*
)
insert into {history} select gone.*, %(commit)s from gone
