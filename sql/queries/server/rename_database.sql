alter database {database} rename to {name}
