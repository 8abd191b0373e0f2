"""The demo users and their sample books."""
