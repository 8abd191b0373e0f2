-- New rows that no stored row equals; superseded ones are gone by now.
insert into {table} ({columns}, commit_id)
select {staged_columns}, %(commit)s from {rows} s
where not exists (select from {table} t where {same_key})
