-- What has changed and is not recomputed yet.
select r.asset, r.portfolio_id, r.first_session, r.last_session from analytics.stale_ranges r
