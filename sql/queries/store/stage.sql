create temporary table {staging} on commit drop as select {columns} from {table} with no data
