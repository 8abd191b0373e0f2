insert into book.withdrawals (upload_id, withdrawn_by) values (%(upload_id)s, %(withdrawn_by)s)
