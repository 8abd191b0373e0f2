-- No hole in sessions: a table's slices are contiguous from the session after inception on.
-- asset: snapshots
-- excused by: nothing
with missing as (
    select m.*, m.session_index - row_number() over (partition by m.asset, m.portfolio_id order by m.session_index) as island
    from ({missing_slices}) as m
    where m.is_overtaken
)
select m.asset as table_name, min(m.session) as session, nullif(m.portfolio_id, 0) as portfolio_id, null::text as item,
    format('%%s sessions to %%s are missing, later ones exist', count(*), max(m.session)) as detail
from missing m
group by m.asset, m.portfolio_id, m.island
