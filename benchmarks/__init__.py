"""Benchmarks: one command each, `uv run python -m benchmarks.<name>`. README.md says how to read them."""
