"""The statements of the reads: files of `sql/queries` as one prepared statement each, whatever they share put in."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from sql import query

_PARTS: Final = {
    "lots": "api/lots",
    "chosen": "api/chosen",
    "figures": "api/figures",
    "paged": "api/paged",
    "recorded": "api/recorded",
    "status_portfolios": "status/portfolios",
    "status_prices": "status/prices",
    "status_restated": "status/restated",
    "status_runs": "status/runs",
}
"""What several queries share, and where it is."""
_SETTLED: Final = ("portfolio_id", "session", "as_of", "inception_date", "missing")
"""What `api/standing.sql` decides, and the queries after it are about."""

_PARAMETER: Final = re.compile(r"%\((\w+)\)s")
_AS_KNOWN: Final = re.compile(r"(\w+\.\w+)_at\(%\(known_at\)s\)")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in the server's own notation, and the names of its parameters in order."""

    text: bytes
    names: tuple[str, ...]


@cache
def statement(name: str) -> Statement:
    """Return `sql/queries/<name>.sql`."""
    return _numbered(_whole(name))


@cache
def reading(name: str, *, past: bool) -> Statement:
    """Return the statement that settles what a question is about and answers it by `sql/queries/<name>.sql`.

    Its row: the columns of `api/standing.sql`, the object as text, the key of the next page or null. One statement
    sees one state. past: false reads the tables themselves, which is what a null `known_at` means, and costs less.
    """
    body = _whole(name)
    for column in _SETTLED:
        body = body.replace(f"%({column})s", f"asked.{column}")
    text = query("api/reading").replace("{standing}", query("api/standing")).replace("{answer}", body)
    return _numbered(text if past else _AS_KNOWN.sub(r"\1", text))


@cache
def rereading(name: str) -> Statement:
    """Return the statement that answers by `sql/queries/<name>.sql` what was settled before, as known now.

    Its row: the instant of the newest commit, by which the caller sees whether it still is settled, and what the
    query answers.
    """
    text = query("api/rereading").replace("{answer}", _whole(name))
    return _numbered(_AS_KNOWN.sub(r"\1", text))


def _whole(name: str) -> str:
    text = str(query(name))
    for part, file in _PARTS.items():
        text = text.replace(f"{{{part}}}", query(file))
    return text


def _numbered(text: str) -> Statement:
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", text)
    return Statement(numbered.replace("%%", "%").encode(), names)
