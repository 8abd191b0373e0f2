"""The Dagster assets: read, calculate, write."""
