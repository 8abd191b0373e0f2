-- Closes to ask for again. Provisional: stored before they were final, and nobody fetched the session since.
-- Missing: of a symbol that is needed on the latest session and had a close shortly before; one that a vendor has told
-- and that waits for a decision is not missing.
with needed as (
    select l.session, l.final_at, l.is_latest, n.symbol
    from unnest(%(sessions)s::date[], %(final_at)s::timestamptz[], %(is_latest)s::boolean[])
        as l(session, final_at, is_latest)
    cross join lateral (
        select x.symbol
        from book.positions p
        cross join lateral (values (p.symbol), (p.underlying)) as x(symbol)
        where p.asset_class <> 'PRIVATE' and x.symbol is not null
          and p.entry_date <= l.session
          and (p.exit_date is null or p.exit_date >= l.session)
          and (p.expiry is null or p.expiry >= l.session)
        union
        select unnest(%(common)s::text[])
    ) as n
)
select n.session, n.symbol, b.symbol is null as is_missing
from needed n
left join market.prices b on b.session = n.session and b.symbol = n.symbol
left join analytics.commits c on c.commit_id = b.commit_id
where (b.symbol is null and n.is_latest and exists (
        select from market.prices r
        where r.symbol = n.symbol and r.session < n.session and r.session >= %(since)s
    ) and not exists (
        select from market.quarantine q
        where q.status = 'pending' and q.symbol = n.symbol and q.day = n.session and q.reason in ('split_like', 'currency_jump')
    ))
   or (c.committed_at < n.final_at and not exists (
        select from analytics.runs r
        where r.prices_fetched_at >= n.final_at and r.portfolio_ids is null
          and n.session between r.start_session and r.end_session
    ))
order by n.session, n.symbol
