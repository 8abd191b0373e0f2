-- What a group of lots (as l) adds up to.
select count(*) filter (where l.is_open) as position_count,
    coalesce(sum(l.market_value), 0) as market_value,
    coalesce(sum(l.market_value) filter (where l.market_value > 0), 0) as long_exposure,
    coalesce(sum(l.market_value) filter (where l.market_value < 0), 0) as short_exposure,
    coalesce(sum(abs(l.market_value)), 0) as gross_exposure,
    case when count(*) = count(l.delta_adjusted_value) then coalesce(sum(l.delta_adjusted_value), 0) end
        as delta_adjusted_value,
    case when count(*) = count(l.weight) then coalesce(sum(l.weight order by l.id), 0) end as weight,
    coalesce(sum(l.daily_pnl), 0) as daily_pnl,
    coalesce(sum(l.unrealized_pnl), 0) as unrealized_pnl
