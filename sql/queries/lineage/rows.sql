select {columns} from {table}
where session = %(session)s and {portfolio}
