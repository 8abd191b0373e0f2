-- The run lock is ours, so whoever still says it is running is dead.
update analytics.runs
set status = 'failed', ended_at = clock_timestamp(), interrupted = true,
    error = 'interrupted: the process ended before the run did'
where status = 'running' and run_id <> %(run_id)s
