with gone as (
    delete from analytics.slices t using {rows} s
    where t.asset = %(asset)s and t.session = s.session and coalesce(t.portfolio_id, 0) = coalesce(s.portfolio_id, 0)
    returning t.*
)
insert into analytics.slices_history select gone.*, %(commit)s from gone
