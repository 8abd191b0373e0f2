"""How a read is answered: which session and instant it is about, from which rows, and whether it changed."""
