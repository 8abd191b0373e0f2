insert into book.run_requests (kind, portfolio_ids, start_session, end_session, requested_by, idempotency_key)
values (%(kind)s, %(portfolio_ids)s::bigint[], %(start)s::date, %(end)s::date, %(requested_by)s, %(key)s)
returning id
