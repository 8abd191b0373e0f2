"""The documentation of the API, with the one shape of its errors."""

from typing import Any, Final

from fastapi import FastAPI

from api.errors import MEDIA_TYPE
from api.schemas.problem import Problem

_REF: Final = "#/components/schemas/{model}"
_MEANINGS: Final = {
    400: "The body cannot be read.",
    401: "No token, or one that proves nothing.",
    403: "The user may not do this.",
    404: "There is no such thing, or it is another user's.",
    405: "The path has no such method.",
    409: "It is there already, or is being done already.",
    413: "The body is too large.",
    422: "A parameter is unknown, malformed or impossible; errors names each.",
    429: "Too many attempts; Retry-After says when to try again.",
    500: "An unexpected error; it was logged.",
    503: "The database cannot be reached or took too long; try again.",
}
Responses = dict[int | str, dict[str, Any]]

UNCHANGED: Final[Responses] = {304: {"description": "The answer is the one named in If-None-Match."}}


def problems(*statuses: int) -> Responses:
    """Return the documentation of the errors a route may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {
        status: {"description": _MEANINGS[status], "content": content} for status in (*statuses, 405, 500)
    }


def install(app: FastAPI) -> None:
    """Add the errors' schemas to what the framework documents."""
    framework = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = framework()
            problem = Problem.model_json_schema(ref_template=_REF)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas |= problem.pop("$defs", {}) | {"Problem": problem}
        return framework()

    app.openapi = openapi  # type: ignore[method-assign]
