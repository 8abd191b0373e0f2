-- Manifest entries that no writer of slices can have written.
select s.asset, s.session::text as session, s.portfolio_id,
    case
        when k.asset is null then 'no such table has slices'
        when (s.portfolio_id is not null) <> k.by_portfolio then 'the table''s slices are of another grain'
        when d.session is null then 'this is no session'
        when s.portfolio_id not between 1 and 1099511627775 then 'this is no portfolio'
        when s.code_version !~ '^[!-~]{1,16}$' then 'this is no code version'
        else 'a hash has another length than 16 bytes'
    end as detail
from analytics.slices s
left join unnest(%(assets)s::text[], %(by_portfolio)s::boolean[]) as k (asset, by_portfolio) on k.asset = s.asset
left join market.sessions d on d.session = s.session
where (%(whole)s or s.session between %(start)s and %(end)s)
  and (k.asset is null or d.session is null or (s.portfolio_id is not null) <> k.by_portfolio
       or s.portfolio_id not between 1 and 1099511627775 or s.code_version !~ '^[!-~]{1,16}$'
       or octet_length(s.input_hash) <> 16 or octet_length(s.output_digest) <> 16)
order by s.session, s.asset, s.portfolio_id
limit %(limit)s
