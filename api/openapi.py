"""The documentation of the API, with the one shape of its errors."""

from typing import Any, Final

from fastapi import FastAPI

from api.errors import MEDIA_TYPE
from api.schemas.problem import Problem

_REF: Final = "#/components/schemas/{model}"
_MEANINGS: Final = {
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
            _tidy(document)
        return framework()

    app.openapi = openapi  # type: ignore[method-assign]


def _tidy(document: dict[str, Any]) -> None:
    """Say what the framework says wrongly: bounds behind a validator, and null where a text has no way to say it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _without_null(parameter["schema"])
            form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
            if form is not None:
                name = form["schema"]["$ref"].rpartition("/")[2]
                fields = document["components"]["schemas"][name]
                fields["additionalProperties"] = False
                fields["properties"] = {
                    field: _as_file(_without_null(schema)) for field, schema in fields["properties"].items()
                }
    _name_bounds(document)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices: list[dict[str, Any]] = [
        choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}
    ]
    if len(choices) != 1:
        return schema
    return {name: value for name, value in schema.items() if name != "anyOf"} | choices[0]


def _as_file(schema: dict[str, Any]) -> dict[str, Any]:
    """Say it of a file in the older way, too: generators of clients take it for a text otherwise."""
    return schema | {"format": "binary"} if "contentMediaType" in schema else schema


def _name_bounds(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _name_bounds(one)
    elif isinstance(node, dict):
        if node.get("type") == "integer":
            for wrong, right in (("ge", "minimum"), ("le", "maximum")):
                bound = node.pop(wrong, node.get(right))
                if bound is not None:
                    node[right] = int(bound)
        for one in node.values():
            _name_bounds(one)
