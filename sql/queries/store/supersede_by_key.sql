with gone as (
    delete from {table} t using {rows} s where {same_key} returning t.*
)
insert into {history} select gone.*, %(commit)s from gone
