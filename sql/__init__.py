"""All SQL of the project.

`schema/` and `migrations/` build the database, `queries/` read and write it, `checks/` find broken identities.
"""

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


def check_names() -> list[str]:
    """Return the names of `checks/*.sql`, ascending."""
    return sorted(file.stem for file in (ROOT / "checks").glob("*.sql"))


@cache
def check(name: str) -> LiteralString:
    """Return the text of `checks/<name>.sql`."""
    return (ROOT / "checks" / f"{name}.sql").read_text(encoding="utf-8")  # type: ignore[return-value,unused-ignore]
