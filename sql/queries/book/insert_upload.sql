insert into book.uploads (portfolio_id, file_name, sha256, row_count, uploaded_by, commit_id)
values (%(portfolio_id)s, %(file_name)s, %(sha256)s, %(row_count)s, %(uploaded_by)s,
    nullif(current_setting('sigmasight.commit_id', true), '')::bigint)
