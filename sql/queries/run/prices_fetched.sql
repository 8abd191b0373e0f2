update analytics.runs set prices_fetched_at = clock_timestamp() where run_id = %(run_id)s
