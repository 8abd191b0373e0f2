create temporary table {staging}
    (session date not null, portfolio_id bigint, input_hash bytea not null, output_digest bytea not null, row_count bigint not null)
on commit drop
