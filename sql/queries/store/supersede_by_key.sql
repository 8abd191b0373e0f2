with gone as (
    delete from {table} t using {rows} s where {same_key} returning t.*
)
insert into {history} ({columns}, commit_id, superseded_by) select {columns}, commit_id, %(commit)s from gone
