select count(*), min(session), max(session) from only analytics.snapshots where session < %(before)s
