-- Each portfolio at its newest snapshot not after the latest session, how far behind it is, and why it was left out.
select p.id, p.name, u.username as owner, s.session, s.net_asset_value, s.daily_pnl, s.position_count,
    latest.session_index - had.session_index as sessions_behind,
    case when had.session < latest.session then left_out.reason end as left_out
from book.portfolios p
join book.users u on u.id = p.owner_id
join market.sessions latest on latest.session = %(latest)s
left join lateral (
    select q.session, q.net_asset_value, q.daily_pnl, q.position_count
    from analytics.snapshots q
    where q.portfolio_id = p.id and q.session <= %(latest)s
    order by q.session desc
    limit 1
) as s on true
left join market.sessions had on had.session = coalesce(s.session, p.inception_date)
left join lateral (
    select coalesce(r.left_out ->> p.id::text, r.error) as reason
    from analytics.runs r
    where r.end_session >= %(latest)s
      and (r.left_out ? p.id::text
           or (r.status = 'failed' and (r.portfolio_ids is null or p.id = any(r.portfolio_ids))))
    order by r.started_at desc
    limit 1
) as left_out on true
where %(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[])
order by p.id
