-- What users record one by one: which lots a request is about, and uploads that were withdrawn.

alter table book.run_requests add column position_ids bigint[];
alter table book.run_requests add column body_sha256 bytea;
comment on column book.run_requests.position_ids is 'book.positions.id of the lots whose trade asked for the run, the traded one first; null for what is no trade.';
comment on column book.run_requests.body_sha256 is 'SHA-256 of the request it came with, by which a repeated idempotency key is known to mean the same; null if none was given.';
comment on column book.run_requests.kind is 'upload (whatever a user gave of a book), daily, recalculate or why.';

alter table book.uploads add column commit_id bigint;
comment on column book.uploads.commit_id is 'analytics.commits.commit_id that wrote its lots; null before this was recorded.';

create table book.withdrawals (
    upload_id bigint primary key references book.uploads,
    withdrawn_by bigint not null references book.users,
    withdrawn_at timestamptz not null default clock_timestamp()
);
comment on table book.withdrawals is 'One row per upload that was withdrawn: its lots are voided, and those it had changed or removed are back.';
comment on column book.withdrawals.upload_id is 'book.uploads.id.';
comment on column book.withdrawals.withdrawn_by is 'book.users.id.';
comment on column book.withdrawals.withdrawn_at is 'Instant (UTC).';

grant select, insert on book.withdrawals to sigmasight_intake;
grant select on book.withdrawals to sigmasight_reader;
