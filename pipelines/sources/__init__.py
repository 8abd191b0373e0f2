"""The outside world as typed rows. No formulas, no database."""
