"""The REST API: serves what the pipeline stored, computes nothing."""
