alter role {role} createdb
