-- The row moves to the book's history.
delete from book.cash_flows where portfolio_id = %(portfolio_id)s and flow_date = %(date)s
returning flow_date
