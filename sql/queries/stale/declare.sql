select analytics.declare(%(declaration)s::jsonb)
