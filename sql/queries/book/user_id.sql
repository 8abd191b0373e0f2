select id from book.users where username = %(username)s
