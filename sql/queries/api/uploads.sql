-- A page of the files that made a portfolio what it is, as known at an instant.
with page as (
    select u.id, u.file_name, u.row_count, u.uploaded_at,
        case when w.withdrawn_at <= coalesce(%(known_at)s::timestamptz, 'infinity') then w.withdrawn_at end as withdrawn_at
    from book.uploads u left join book.withdrawals w on w.upload_id = u.id
    where u.portfolio_id = %(portfolio_id)s
      and u.uploaded_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
      and (%(after)s::bigint is null or u.id > %(after)s::bigint)
    order by u.id
    limit %(limit)s + 1
), {paged}
