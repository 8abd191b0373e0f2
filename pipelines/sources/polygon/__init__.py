"""Polygon (now Massive) as a source of prices, splits and short interest, through its own client library."""
