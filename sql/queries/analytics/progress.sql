-- One row per portfolio in scope: the last session its equity is rolled to, and the last that no table lacks.
select p.id as portfolio_id, p.initial_equity, p.inception_date,
    (select max(r.session) from analytics.rolled_equity r where r.portfolio_id = p.id) as stored_last,
    (
        select case when count(by_asset.last) = count(*) then min(by_asset.last) end
        from unnest(%(assets)s::text[]) as a(asset)
        cross join lateral (
            select max(s.session) as last from analytics.slices s where s.asset = a.asset and s.portfolio_id = p.id
        ) as by_asset
    ) as complete_last
from book.portfolios_at(%(known_at)s) p
where %(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[])
order by p.id
