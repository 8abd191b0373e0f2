"""A market made of arithmetic: every price is a function of symbol and date alone."""
