-- The request that a user made with a key before, and whether it asked for the same.
select q.id, q.kind = %(kind)s
    and q.portfolio_ids is not distinct from %(portfolio_ids)s::bigint[]
    and q.start_session is not distinct from %(start)s::date
    and q.end_session is not distinct from %(end)s::date
    and q.known_from is not distinct from %(known_from)s::timestamptz
    and q.known_to is not distinct from %(known_to)s::timestamptz as is_same
from book.run_requests q
where q.requested_by = %(requested_by)s and q.idempotency_key = %(key)s
