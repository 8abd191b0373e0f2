-- Restatements of a portfolio's sessions between two dates, as known at an instant; one more than asked for.
with page as (
    select r.session, c.committed_at, r.causes, r.run_id, %(ui)s::text || '/runs/' || r.run_id as url,
        r.old_net_asset_value, r.new_net_asset_value, r.net_asset_value_change,
        r.old_daily_pnl, r.new_daily_pnl, r.daily_pnl_change
    from analytics.restatements r
    join analytics.commits c on c.commit_id = r.commit_id
    where r.portfolio_id = %(portfolio_id)s
      and c.committed_at <= coalesce(%(known_at)s::timestamptz, 'infinity')
      and (%(since)s::timestamptz is null or c.committed_at > %(since)s::timestamptz)
      and r.session between coalesce(%(start)s::date, %(inception_date)s) and least(%(end)s::date, %(session)s)
      and (%(after_session)s::date is null
           or (r.session, c.committed_at) > (%(after_session)s::date, %(after_commit)s::timestamptz))
    order by r.session, c.committed_at
    limit %(limit)s + 1
), shown as (
    select * from page order by session, committed_at limit %(limit)s
)
select json_build_object(
        'reason', %(missing)s::text,
        'items', coalesce((
            select json_agg(shown order by shown.session, shown.committed_at)
            from shown
        ), '[]')
    )::text,
    case when (select count(*) from page) > %(limit)s then (
        select jsonb_build_array(s.session, s.committed_at)
        from shown s order by s.session desc, s.committed_at desc limit 1
    ) end
