insert into book.run_requests (kind, portfolio_ids, start_session, end_session, requested_by, idempotency_key, position_ids,
    body_sha256)
values (%(kind)s, %(portfolio_ids)s::bigint[], %(start)s::date, %(end)s::date, %(requested_by)s, %(key)s,
    %(position_ids)s::bigint[], %(digest)s)
returning id
