-- The lots (l) that the filters by type and tag leave.
select l.* from lots l
where (%(types)s::text[] is null or l.position_type = any(%(types)s::text[]))
  and (%(tags)s::text[] is null or case
      when %(all_tags)s::boolean then %(tags)s::text[] <@ array(select t ->> 'name' from json_array_elements(l.tags) t)
      else %(tags)s::text[] && array(select t ->> 'name' from json_array_elements(l.tags) t)
  end)
