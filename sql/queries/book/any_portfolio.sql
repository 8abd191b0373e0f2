select exists (
    select from book.portfolios p join book.users u on u.id = p.owner_id where u.username = any(%(owners)s)
)
