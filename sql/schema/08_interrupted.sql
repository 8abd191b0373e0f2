-- A run that ended without an answer of its own: its process died, or it was never started.
alter table analytics.runs add column interrupted boolean not null default false;
comment on column analytics.runs.interrupted is 'The run ended without an answer of its own: its process died, or it never got to start. A requested one is made again.';
