-- The rows as they are, commit included: moving is no new version.
with moved as (
    delete from only analytics.snapshots where session < %(before)s returning *
)
insert into analytics.snapshots_archive select * from moved
