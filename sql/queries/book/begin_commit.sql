select analytics.begin_commit(null, %(action)s)
