select left_out from analytics.runs where run_id = %(run_id)s
