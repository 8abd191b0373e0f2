-- A tag of a user, held until the end of the transaction.
select t.id, t.name, t.color, (select count(*) from book.position_tags k where k.tag_id = t.id) as position_count
from book.tags t
where t.id = %(tag_id)s and t.owner_id = %(owner_id)s
for update of t
