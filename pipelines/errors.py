"""The base of every error a user is meant to read."""


class SigmaSightError(Exception):
    """Something the user can act on: its message says what is wrong and what to do."""


class DatabaseError(SigmaSightError):
    """The database cannot be reached, prepared or used as asked."""
