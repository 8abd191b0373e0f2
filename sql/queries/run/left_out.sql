update analytics.runs set left_out = left_out || %(left_out)s::jsonb where run_id = %(run_id)s
