"""The `sigmasight` command line."""
