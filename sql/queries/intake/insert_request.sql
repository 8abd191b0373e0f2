insert into book.run_requests (kind, portfolio_ids, start_session, end_session, known_from, known_to, requested_by,
    idempotency_key, position_ids, body_sha256)
values (%(kind)s, %(portfolio_ids)s::bigint[], %(start)s::date, %(end)s::date,
    %(known_from)s::timestamptz, %(known_to)s::timestamptz, %(requested_by)s, %(key)s, %(position_ids)s::bigint[], %(digest)s)
returning id
