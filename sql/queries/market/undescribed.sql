-- Symbols of the lots, or of their underlyings, to be asked for: without a sector, unless they will never have one.
select held.symbol
from (
    select distinct case asset_class when 'OPTION' then underlying else symbol end as symbol
    from book.positions
    where asset_class <> 'PRIVATE' and (%(portfolios)s::bigint[] is null or portfolio_id = any(%(portfolios)s::bigint[]))
) as held
where not exists (
    select from market.securities s
    where s.symbol = held.symbol and (s.sector is not null or s.reason = 'no sector: not a company')
)
order by held.symbol collate "C"
