-- Rows of a table that were written, and superseded, after an instant: by session and portfolio (0: the whole firm).
select q.session, q.portfolio_id, count(*) filter (where q.is_new), count(*) filter (where not q.is_new)
from (
    select t.session, {portfolio} as portfolio_id, t.commit_id, true as is_new from {table} t
    union all
    select t.session, {portfolio}, t.superseded_by, false from {history} t
) q
join analytics.commits c on c.commit_id = q.commit_id
where c.committed_at > %(since)s
group by q.session, q.portfolio_id
