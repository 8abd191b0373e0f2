-- Whether a lot carries other tags than these.
select array(select k.tag_id from book.position_tags k where k.position_id = %(position_id)s order by k.tag_id)
    <> %(tag_ids)s::bigint[]
