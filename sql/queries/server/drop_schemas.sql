drop schema if exists analytics, market, book cascade;
drop table if exists public.alembic_version
