-- A request of the caller (an administrator: of anybody) and the newest run that answers it, with the portfolios left
-- out of it that the caller may see. One whose runs were all interrupted is queued: it is made again, so many attempts
-- long. No row: there is no such request for this caller.
select json_build_object(
        'request_id', q.id,
        'kind', q.kind,
        'portfolio_ids', q.portfolio_ids,
        'start_session', coalesce(r.start_session, q.start_session),
        'end_session', coalesce(r.end_session, q.end_session),
        'requested_at', q.requested_at,
        'status', coalesce(r.status, 'queued'),
        'run_id', r.run_id,
        'started_at', r.started_at,
        'ended_at', r.ended_at,
        'error', r.error,
        'left_out', coalesce((
            select json_agg(json_build_object('portfolio_id', l.key::bigint, 'reason', l.value) order by l.key::bigint)
            from jsonb_each_text(r.left_out) l
            where u.role = 'admin'
               or exists (select from book.portfolios p where p.id = l.key::bigint and p.owner_id = u.id)
        ), '[]')
    )::text
from book.users u
join book.run_requests q on q.id = %(request_id)s and (q.requested_by = u.id or u.role = 'admin')
cross join lateral (
    select coalesce(bool_and(n.interrupted), true) and count(*) < %(attempts)s as unanswered
    from analytics.runs n where n.request_id = q.id
) tried
left join lateral (
    select n.* from analytics.runs n where n.request_id = q.id order by n.started_at desc, n.run_id limit 1
) r on not tried.unanswered
where u.id = %(user_id)s
