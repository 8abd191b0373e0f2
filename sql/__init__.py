"""All SQL of the project: `schema/` and `migrations/` build the database, `queries/` read and write it."""

from functools import cache
from pathlib import Path
from typing import LiteralString

ROOT = Path(__file__).parent


@cache
def query(name: str) -> LiteralString:
    """Return the text of `queries/<name>.sql`.

    The files are part of the program, never user input, which is what `LiteralString` asserts to psycopg.
    """
    return (ROOT / "queries" / f"{name}.sql").read_text(encoding="utf-8")  # type: ignore[return-value,unused-ignore]
