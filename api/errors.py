"""Everything that goes wrong has one shape: `application/problem+json` (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from api.intake.entry import EntryError
from api.intake.errors import ConflictError, IntakeError, NotFoundError
from api.schemas.problem import FieldError, Problem
from pipelines.sources import csv_errors

MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = csv_errors.MAX_ERRORS + 1
"""Field errors listed in one answer: all that a file can have."""

_CODES: Final = {
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_ENTRY_FIELDS: Final = {"ticker": "symbol"}
"""Columns of files whose name in a JSON body is another."""
_log = logging.getLogger("sigmasight.api")


class ProblemError(Exception):
    """An answer that is not what was asked for. `code` is stable; `errors` names fields, where fields are to blame."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code or _CODES[status]
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        super().__init__(detail)


def invalid(field: str, code: str, message: str) -> ProblemError:
    """Return the 422 of one field."""
    return ProblemError(422, message, errors=[FieldError(field=field, code=code, message=message)])


def not_found(what: str, code: str = "not_found") -> ProblemError:
    """Return the 404 of something that is not there, or not this user's: the two look the same."""
    return ProblemError(404, what, code=code)


def problem_response(request: Request, error: ProblemError) -> Response:
    """Return the answer that says what went wrong."""
    body = Problem(
        type=f"urn:sigmasight:problem:{error.code}",
        title=HTTPStatus(error.status).phrase,
        status=error.status,
        detail=error.detail,
        instance=request.url.path,
        code=error.code,
        errors=list(error.errors[:MAX_ERRORS]),
    )
    headers = {"Cache-Control": "no-store", **error.headers}
    return Response(body.model_dump_json(), error.status, headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the application in this shape; bugs are `middleware.Requests`'s."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(IntakeError, _on_intake)
    app.add_exception_handler(csv_errors.CsvFileError, _on_file)
    app.add_exception_handler(PoolTimeout, _on_unavailable)
    app.add_exception_handler(psycopg.OperationalError, _on_unavailable)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for this class
    return problem_response(request, error)


async def _on_http(request: Request, error: Exception) -> Response:
    """Answer what the framework refuses itself: unknown paths, methods, bodies that are too large or not text."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    # A body that cannot be decoded is bad input like any other that cannot be parsed.
    status = (
        HTTPStatus.UNPROCESSABLE_ENTITY if error.status_code == HTTPStatus.BAD_REQUEST else error.status_code
    )
    code = _CODES.get(status, "error")
    headers = dict(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request))
    return problem_response(request, ProblemError(status, str(error.detail), code=code, headers=headers))


def allowed_methods(request: Request) -> list[str]:
    """Return the methods that the documentation lists for a path, whichever routes they are of."""
    return sorted(
        {
            method.upper()
            for path, operations in request.app.openapi()["paths"].items()
            if compile_path(path)[0].fullmatch(request.url.path)
            for method in operations
        }
    )


async def _on_validation(request: Request, error: Exception) -> Response:
    """Name every field that is wrong. The value itself is not repeated: it may be a password."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    errors = [_field_error(one) for one in error.errors()]
    named = ", ".join(sorted({one.field for one in errors if one.field}))
    detail = f"invalid: {named}" if named else "the request is invalid"
    return problem_response(request, ProblemError(422, detail, errors=errors))


def _field_error(error: Mapping[str, Any]) -> FieldError:
    place = error["loc"][1:] if len(error["loc"]) > 1 else error["loc"]
    return FieldError(field=".".join(str(part) for part in place), code=error["type"], message=error["msg"])


async def _on_intake(request: Request, error: Exception) -> Response:
    """Answer what the intake refuses."""
    assert isinstance(error, IntakeError)  # noqa: S101 - registered for this class
    if isinstance(error, NotFoundError):
        return problem_response(request, not_found(error.message, error.code))
    fields = [FieldError(field=error.field, code=error.code, message=error.message)] if error.field else []
    if isinstance(error, ConflictError):
        return problem_response(request, ProblemError(409, error.message, code=error.code, errors=fields))
    return problem_response(request, ProblemError(422, error.message, errors=fields))


async def _on_file(request: Request, error: Exception) -> Response:
    """List everything that is wrong with a file."""
    assert isinstance(error, csv_errors.CsvFileError)  # noqa: S101 - registered for this class
    if isinstance(error, EntryError):
        fields = [
            FieldError(
                field=_ENTRY_FIELDS.get(one.field or "", one.field), code=one.code, message=one.message
            )
            for one in error.errors
        ]
        detail = "; ".join(one.message for one in error.errors[:5])
        return problem_response(request, ProblemError(422, detail, errors=fields))
    errors = [
        FieldError(row=one.row, field=one.field, code=one.code, message=one.message) for one in error.errors
    ]
    detail = f"the file was refused and nothing was written: {error}"
    return problem_response(request, ProblemError(422, detail, code="invalid_file", errors=errors))


async def _on_unavailable(request: Request, error: Exception) -> Response:
    """The database is away, or took longer than a read may: the same request may succeed later."""
    _log.warning("database unavailable", extra={"fields": {"error": f"{type(error).__name__}: {error}"}})
    late = isinstance(error, psycopg.errors.QueryCanceled)
    problem = ProblemError(
        503,
        "the read took too long and was ended" if late else "the database cannot be reached; try again",
        code="timeout" if late else None,
        headers={"Retry-After": "5"},
    )
    return problem_response(request, problem)


def bug_response(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: logged in full, told in a word."""
    _log.error("unexpected error", exc_info=error, extra={"fields": {"path": request.url.path}})
    return problem_response(request, ProblemError(500, "an unexpected error; it was logged"))
