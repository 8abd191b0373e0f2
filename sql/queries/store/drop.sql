drop table {staging}
