-- The last complete session of the portfolios that have come least far: min over portfolios and assets.
select min(coalesce(stored.last, p.inception_date)) as last_complete
from book.portfolios p
left join lateral (
    select min(last) as last from (
        select (select max(s.session) from analytics.slices s where s.asset = a.asset and s.portfolio_id = p.id) as last
        from unnest(%(assets)s::text[]) as a(asset)
    ) as by_asset
    having count(last) = count(*)
) as stored on true
where %(portfolios)s::bigint[] is null or p.id = any(%(portfolios)s::bigint[])
