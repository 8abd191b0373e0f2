-- Options that were entered as if a contract were one share.
update book.positions
set multiplier = %(multiplier)s
where id = any(%(position_ids)s::bigint[]) and asset_class = 'OPTION' and multiplier = 1
