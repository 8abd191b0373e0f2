"""The PostgreSQL server, its databases and roles."""
