update analytics.runs
set status = %(status)s, ended_at = clock_timestamp(), error = %(error)s
where run_id = %(run_id)s
