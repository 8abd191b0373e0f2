select analytics.settled_instant()
