-- Whether a change between two versions of a snapshot has been taken apart already.
select exists (
    select from analytics.waterfalls w
    where w.session = %(session)s and w.portfolio_id = %(portfolio_id)s
      and w.from_commit = %(from_commit)s and w.to_commit = %(to_commit)s
)
