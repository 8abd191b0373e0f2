-- Sessions of a portfolio between two dates, after the cursor; one more than asked for, to know whether a page follows.
with page as (
    select s.session, s.net_asset_value, s.cash,
        s.long_exposure, s.short_exposure, s.gross_exposure, s.net_exposure,
        s.delta_long_exposure, s.delta_short_exposure, s.delta_gross_exposure, s.delta_net_exposure,
        s.daily_pnl, s.mtd_pnl, s.ytd_pnl, s.cumulative_pnl, s.daily_return, s.position_count, s.reason,
        s.stale_positions, s.unpriced_positions
    from analytics.snapshots_at(%(known_at)s) s
    where s.portfolio_id = %(portfolio_id)s
      and s.session between coalesce(%(start)s::date, %(inception_date)s) and least(%(end)s::date, %(session)s)
      and (%(after)s::date is null or s.session > %(after)s::date)
    order by s.session
    limit %(limit)s + 1
), shown as (
    select * from page order by session limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'start', coalesce(%(start)s::date, %(inception_date)s),
        'end', coalesce(least(%(end)s::date, %(session)s), %(as_of)s),
        'price_return_only', true,
        'items', coalesce((select json_agg(shown order by shown.session) from shown), '[]')
    )::text,
    case when (select count(*) from page) > %(limit)s then (select max(session) from shown)::text end
