"""What a question was spelled like: its path and its parameters, of which tags and cursors are made."""

from dataclasses import dataclass

from fastapi import Request


@dataclass(frozen=True, slots=True)
class Origin:
    """A path and its query parameters in ascending order."""

    path: str
    parameters: tuple[tuple[str, str], ...]


def origin_of(request: Request) -> Origin:
    """Return where a question came from."""
    return Origin(request.url.path, tuple(sorted(request.query_params.multi_items())))
