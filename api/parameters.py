"""Types of parameters, read strictly: one spelling each, and nothing that was not asked for."""

import math
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import Header, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema

from api.errors import ProblemError
from api.schemas.problem import FieldError
from pipelines.instruments import normalize_symbol

MAX_ID: Final = 2**53 - 1
"""The largest whole number that every JSON reader has."""

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_WHOLE: Final = re.compile(r"(0|[1-9][0-9]{0,18})")


def _spelled(pattern: re.Pattern[str], meant: str) -> BeforeValidator:
    """Refuse a text that is not of this form; pydantic alone would also read numbers as dates."""

    def check(value: Any) -> Any:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError(f"write it as {meant}")
        return value

    return BeforeValidator(check)


def _in_range(instant: datetime) -> datetime:
    if not 1900 <= instant.year < 9999:
        raise ValueError("the year must be between 1900 and 9998")
    return instant


Day = Annotated[date, _spelled(_DAY, "YYYY-MM-DD"), WithJsonSchema({"type": "string", "format": "date"})]
Instant = Annotated[
    AwareDatetime,
    _spelled(_INSTANT, "2026-01-31T21:00:00Z, with a time zone"),
    AfterValidator(_in_range),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Id = Annotated[int, _spelled(_WHOLE, "a whole number"), Field(ge=1, le=MAX_ID)]


def _whole(value: Any) -> Any:
    """Read 1.0 as 1: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeId = Annotated[int, Field(strict=True, ge=1, le=MAX_ID), BeforeValidator(_whole)]
"""An id inside a JSON body."""


def _exact(value: Any) -> Any:
    """Read a JSON number as the decimal it is written as; no text, no boolean."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("give a number")
    return Decimal(repr(value))


Number = Annotated[Decimal, BeforeValidator(_exact), WithJsonSchema({"type": "number"})]
"""A number inside a JSON body; what it may be is for whoever reads it to say."""
Limit = Annotated[int, _spelled(_WHOLE, "a whole number")]

SYMBOL: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"
Symbol = Annotated[str, StringConstraints(pattern=SYMBOL), AfterValidator(normalize_symbol)]
"""A symbol of any kind, read as it is stored; whether it names anything is for whoever asks to say."""

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")] | None,
    Header(
        alias="Idempotency-Key",
        description="Unique per user: the same key again returns the first request.",
        examples=["2026-01-30-evening"],
    ),
]


async def refuse_unknown(request: Request) -> None:
    """Refuse query parameters that the route does not have, and repeated ones: neither is ever ignored.

    422 with unknown_parameter or repeated_parameter for each.
    """
    if not request.url.query:
        return
    given = [name for name, _ in request.query_params.multi_items()]
    known = _known_parameters(request)
    errors = [
        FieldError(field=name, code="unknown_parameter", message=f"there is no query parameter {name!r} here")
        for name in sorted(set(given) - known)
    ]
    errors += [
        FieldError(field=name, code="repeated_parameter", message=f"{name!r} may be given once")
        for name in sorted({name for name in given if given.count(name) > 1} & known)
    ]
    if errors:
        raise ProblemError(422, "; ".join(error.message for error in errors[:5]), errors=errors)


def _known_parameters(request: Request) -> frozenset[str]:
    """Query parameters of the request's operation, as the documentation lists them."""
    known: dict[str, frozenset[str]] | None = getattr(request.app.state, "parameters", None)
    if known is None:
        known = {
            operation["operationId"]: frozenset(
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "query"
            )
            for operations in request.app.openapi()["paths"].values()
            for operation in operations.values()
        }
        request.app.state.parameters = known
    return known[request.scope["route"].operation_id]
