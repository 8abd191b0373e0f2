"""Typed columns to and from PostgreSQL: replace a slice, read a window. No formulas."""
