update analytics.runs
set input_instant = coalesce(input_instant, analytics.settled_instant())
where run_id = %(run_id)s
returning input_instant
