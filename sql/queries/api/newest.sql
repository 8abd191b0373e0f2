-- The instant of the newest commit.
select max(committed_at) from analytics.commits
