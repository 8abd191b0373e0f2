-- Sessions of a lot between two dates, after the cursor; one more than asked for, to know whether a page follows.
with page as (
    select s.session, v.price, v.price_date, v.is_stale, v.is_unpriced, v.is_open, v.market_value, v.daily_pnl,
        v.unrealized_pnl, g.delta, g.gamma, g.theta, g.vega, g.delta_adjusted_value
    from market.sessions s
    cross join lateral (
        select q.* from analytics.position_pnl_at(%(known_at)s) q
        where q.session = s.session and q.portfolio_id = %(portfolio_id)s and q.position_id = %(position_id)s
        limit 1
    ) v
    left join lateral (
        select q.* from analytics.position_greeks_at(%(known_at)s) q
        where q.session = s.session and q.portfolio_id = %(portfolio_id)s and q.position_id = %(position_id)s
          and q.model = 'mock'
        limit 1
    ) g on true
    where s.session between coalesce(%(start)s::date, %(inception_date)s) and least(%(end)s::date, %(session)s)
      and (%(after)s::date is null or s.session > %(after)s::date)
    order by s.session
    limit %(limit)s + 1
), shown as (
    select * from page order by session limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'position_id', %(position_id)s::bigint,
        'start', coalesce(%(start)s::date, %(inception_date)s),
        'end', coalesce(least(%(end)s::date, %(session)s), %(as_of)s),
        'price_return_only', true,
        'items', coalesce((select json_agg(shown order by shown.session) from shown), '[]')
    )::text,
    case when (select count(*) from page) > %(limit)s then (select max(session) from shown)::text end
