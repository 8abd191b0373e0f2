-- The slices whose rows are about to be compared; portfolio_id is null for a table by session.
create temporary table {staging} (session date not null, portfolio_id bigint) on commit drop
