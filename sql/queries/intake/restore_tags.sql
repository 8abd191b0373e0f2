-- Lots that a commit removed carry again what they carried, as far as there still are such tags.
insert into book.position_tags (position_id, tag_id)
select k.position_id, k.tag_id
from book.position_tags_history k join book.tags t on t.id = k.tag_id
where k.superseded_by = %(commit_id)s and k.position_id = any(%(ids)s::bigint[])
on conflict do nothing
