-- A page of the tags of a portfolio's owner (without a portfolio: of the caller), with the lots that carry each.
with page as (
    select t.id, t.name, t.color, (
            select count(*) from book.position_tags_at(%(known_at)s) k where k.tag_id = t.id
        ) as position_count
    from book.tags_at(%(known_at)s) t
    where t.owner_id = coalesce((select p.owner_id from book.portfolios p where p.id = %(portfolio_id)s), %(user_id)s)
      and (%(after)s::bigint is null or t.id > %(after)s::bigint)
    order by t.id
    limit %(limit)s + 1
), {paged}
