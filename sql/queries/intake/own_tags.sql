-- Tags of a user by id, held until the end of the transaction.
select t.id, t.name, t.color, (select count(*) from book.position_tags k where k.tag_id = t.id) as position_count
from book.tags t
where t.id = any(%(tag_ids)s::bigint[]) and t.owner_id = %(owner_id)s
order by t.name
for key share of t
