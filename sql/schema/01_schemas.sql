-- One writer per schema: users through the intake, vendors and calculations through the pipeline.
create schema book;
comment on schema book is 'What users told us. Written by sigmasight_intake only.';
create schema market;
comment on schema market is 'What vendors told us. Written by sigmasight_pipeline only.';
create schema analytics;
comment on schema analytics is 'What we computed. Written by sigmasight_pipeline only.';
