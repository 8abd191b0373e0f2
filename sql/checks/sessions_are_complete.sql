-- Every table of a portfolio reaches its latest session.
-- asset: snapshots
-- excused by: always
--
-- A run that was interrupted, or limited to some assets, leaves this behind; the next one completes it.
select m.asset as table_name, min(m.session) as session, nullif(m.portfolio_id, 0) as portfolio_id, null::text as item,
    format('%%s sessions to %%s are not computed yet', count(*), max(m.session)) as detail
from ({missing_slices}) as m
where not m.is_overtaken
group by m.asset, m.portfolio_id
