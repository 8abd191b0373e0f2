insert into {table} ({columns}, commit_id) select {columns}, %(commit)s from {rows}
