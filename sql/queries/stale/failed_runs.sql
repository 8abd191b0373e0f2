select count(*) from analytics.runs where kind = 'stale' and status = 'failed' and started_at > %(since)s
