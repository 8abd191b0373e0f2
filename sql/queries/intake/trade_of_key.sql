-- The trade that a user recorded with a key before, and whether it was the same.
select q.id, q.portfolio_ids[1] as portfolio_id, q.start_session, q.position_ids,
    q.body_sha256 is not distinct from %(digest)s::bytea as is_same
from book.run_requests q
where q.requested_by = %(requested_by)s and q.idempotency_key = %(key)s
