grant {privileges} on database {database} to {role}
