-- Why a number changed: a ledger of restatements, and changes taken apart into causes.

create table analytics.restatements (
    session date not null,
    portfolio_id bigint not null,
    commit_id bigint not null,
    run_id text not null,
    causes text[] not null,
    old_net_asset_value numeric(20, 4) not null,
    new_net_asset_value numeric(20, 4) not null,
    net_asset_value_change numeric(20, 4) not null generated always as (new_net_asset_value - old_net_asset_value) stored,
    old_daily_pnl numeric(20, 4) not null,
    new_daily_pnl numeric(20, 4) not null,
    daily_pnl_change numeric(20, 4) not null generated always as (new_daily_pnl - old_daily_pnl) stored,
    primary key (session, portfolio_id, commit_id)
);
create index restatements_portfolio on analytics.restatements (portfolio_id, session);
create index restatements_commit on analytics.restatements (commit_id);
comment on table analytics.restatements is 'One row per session and portfolio whose snapshot a commit replaced; written in the transaction that replaced it.';
comment on column analytics.restatements.session is 'NYSE session.';
comment on column analytics.restatements.portfolio_id is 'book.portfolios.id.';
comment on column analytics.restatements.commit_id is 'analytics.commits.commit_id that replaced the snapshot.';
comment on column analytics.restatements.run_id is 'analytics.runs.run_id that replaced it.';
comment on column analytics.restatements.causes is 'What had changed since the run before read its inputs: code, terms, flows, positions, multipliers, marks, prices; rows where nothing had, and the stored rows were put right.';
comment on column analytics.restatements.old_net_asset_value is 'USD, before.';
comment on column analytics.restatements.new_net_asset_value is 'USD, from this commit on.';
comment on column analytics.restatements.net_asset_value_change is 'USD, new less old.';
comment on column analytics.restatements.old_daily_pnl is 'USD, before.';
comment on column analytics.restatements.new_daily_pnl is 'USD, from this commit on.';
comment on column analytics.restatements.daily_pnl_change is 'USD, new less old.';

create table analytics.waterfalls (
    session date not null,
    portfolio_id bigint not null,
    from_commit bigint not null,
    to_commit bigint not null,
    metric text not null,
    value_from numeric(20, 4) not null,
    value_to numeric(20, 4) not null,
    run_id text not null,
    computed_at timestamptz not null default clock_timestamp(),
    primary key (session, portfolio_id, from_commit, to_commit, metric)
);
comment on table analytics.waterfalls is 'One row per money figure of a snapshot and pair of its versions whose difference has been taken apart.';
comment on column analytics.waterfalls.session is 'NYSE session.';
comment on column analytics.waterfalls.portfolio_id is 'book.portfolios.id.';
comment on column analytics.waterfalls.from_commit is 'analytics.commits.commit_id of the snapshot''s slice at the start.';
comment on column analytics.waterfalls.to_commit is 'analytics.commits.commit_id of the snapshot''s slice at the end.';
comment on column analytics.waterfalls.metric is 'Column of analytics.snapshots.';
comment on column analytics.waterfalls.value_from is 'USD, as stored at the start.';
comment on column analytics.waterfalls.value_to is 'USD, as stored at the end: value_from and all parts.';
comment on column analytics.waterfalls.run_id is 'analytics.runs.run_id that computed it.';
comment on column analytics.waterfalls.computed_at is 'Instant (UTC).';

create table analytics.waterfall_parts (
    session date not null,
    portfolio_id bigint not null,
    from_commit bigint not null,
    to_commit bigint not null,
    metric text not null,
    place bigint not null,
    cause text not null check (
        cause in ('code', 'history', 'terms', 'flows', 'positions', 'multipliers', 'marks', 'splits', 'first_seen', 'restated')
    ),
    symbol text,
    amount numeric(20, 4) not null,
    primary key (session, portfolio_id, from_commit, to_commit, metric, place),
    foreign key (session, portfolio_id, from_commit, to_commit, metric) references analytics.waterfalls on delete cascade
);
comment on table analytics.waterfall_parts is 'One row per cause of a change, in the order in which they were substituted.';
comment on column analytics.waterfall_parts.session is 'NYSE session.';
comment on column analytics.waterfall_parts.portfolio_id is 'book.portfolios.id.';
comment on column analytics.waterfall_parts.from_commit is 'As in analytics.waterfalls.';
comment on column analytics.waterfall_parts.to_commit is 'As in analytics.waterfalls.';
comment on column analytics.waterfall_parts.metric is 'Column of analytics.snapshots.';
comment on column analytics.waterfall_parts.place is 'Order of substitution, from 0.';
comment on column analytics.waterfall_parts.cause is 'What was substituted: code, history (earlier sessions stored from other inputs), terms (initial equity, inception), flows, positions, multipliers, marks, closes first seen, closes restated.';
comment on column analytics.waterfall_parts.symbol is 'Instrument whose closes changed; null for other causes.';
comment on column analytics.waterfall_parts.amount is 'USD it changed the figure by.';

alter table book.run_requests add column known_from timestamptz;
alter table book.run_requests add column known_to timestamptz;
alter table book.run_requests add check ((kind = 'why') = (known_from is not null and known_to is not null));
alter table book.run_requests add check (known_from <= known_to);
comment on column book.run_requests.known_from is 'why only: the change of what was known at this instant ...';
comment on column book.run_requests.known_to is 'why only: ... to what was known at this one.';
comment on column analytics.runs.kind is 'Why it ran: daily, backfill, upload, recalculate, materialize, retention, why, repair.';

grant select on analytics.restatements, analytics.waterfalls, analytics.waterfall_parts
to sigmasight_intake, sigmasight_pipeline, sigmasight_reader;
grant insert, update, delete on analytics.restatements, analytics.waterfalls, analytics.waterfall_parts to sigmasight_pipeline;
