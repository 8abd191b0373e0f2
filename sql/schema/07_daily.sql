-- Running every day: when prices were fetched, and an archive of old snapshots.

alter table analytics.runs add column prices_fetched_at timestamptz;
comment on column analytics.runs.prices_fetched_at is 'Instant the range''s closes had been fetched and stored (UTC); null if the run fetched none.';
comment on column analytics.runs.kind is 'Why it ran: daily, backfill, upload, recalculate, materialize, retention.';

-- A child of analytics.snapshots: whoever reads, checks or replaces snapshots sees and replaces archived ones, too,
-- as do readers of past instants. `from only analytics.snapshots` leaves the archive out. A row moves here as it is,
-- with its commit: moving is no new version, and what a past instant shows stays what it was.
create table analytics.snapshots_archive (
    like analytics.snapshots including constraints including defaults including comments,
    primary key (session, portfolio_id)
) inherits (analytics.snapshots);
create index snapshots_archive_portfolio on analytics.snapshots_archive (portfolio_id, session);
comment on table analytics.snapshots_archive is 'One row per session and portfolio: snapshots older than the retention setting.';
grant select on analytics.snapshots_archive to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
grant insert, update, delete on analytics.snapshots_archive to sigmasight_pipeline;
