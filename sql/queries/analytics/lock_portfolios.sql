-- In id order, so that two runs never wait for each other; held to the end of the transaction.
select id from book.portfolios where id = any(%(portfolios)s) order by id for no key update
