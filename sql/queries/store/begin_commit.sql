select analytics.begin_commit(%(run_id)s, %(action)s)
