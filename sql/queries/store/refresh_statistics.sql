select analytics.refresh_statistics(%(table)s::regclass, %(written)s)
