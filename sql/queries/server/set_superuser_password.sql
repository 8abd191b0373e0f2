alter role {name} password '{password}';
