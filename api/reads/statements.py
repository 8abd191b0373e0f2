"""The statements of the reads: files of `sql/queries`, with the parts that several of them share."""

from functools import cache
from typing import Final

from psycopg.sql import SQL

from sql import query

_PARTS: Final = ("lots", "chosen", "figures")


@cache
def statement(name: str) -> bytes:
    """Return the text of `sql/queries/<name>.sql`, its `{lots}`, `{chosen}` and `{figures}` put in."""
    text = query(name)
    parts = {part: SQL(query(f"api/{part}")) for part in _PARTS if f"{{{part}}}" in text}
    return SQL(text).format(**parts).as_bytes() if parts else text.encode()
