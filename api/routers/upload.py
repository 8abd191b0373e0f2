"""Bringing a book in."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import PurePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from psycopg import Connection
from pydantic import StringConstraints

from api.errors import ProblemError
from api.intake import revise
from api.intake.import_positions import import_portfolio
from api.intake.requests import history_requested
from api.intake.terms import read_equity
from api.openapi import problems
from api.parameters import Day, Id
from api.previews import preview, previewed_or_done
from api.schemas.problem import FieldError
from api.schemas.writes import Preview, Uploaded
from api.writing import User, Work, Writes, Writing
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import MAX_PORTFOLIO_NAME

PATH: Final = "/portfolio/upload"
MAX_UPLOAD_BYTES: Final = MAX_BYTES + 64 * 2**10
"""Body of an upload: the file, and what multipart puts around it."""
DEFAULT_NAME: Final = "Portfolio"

_NEW: Final = frozenset({"file", "name", "equity", "inception"})
_REVISION: Final = frozenset({"file", "portfolio_id", "confirm"})

router = APIRouter(tags=["intake"])

PositionFile = Annotated[
    UploadFile,
    File(
        description="CSV, UTF-8, up to 16 MiB: ticker,quantity,entry_price,entry_date,tags and optionally "
        "asset_class,exit_date,exit_price,multiplier,name."
    ),
]
Name = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=MAX_PORTFOLIO_NAME)] | None,
    Form(description="Name of the portfolio, unique per owner. Default: the file's name."),
]
Equity = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[+-]?[0-9]{1,15}(\.[0-9]{1,4})?$", max_length=21)] | None,
    Form(
        description="USD, net asset value at inception. Default: the gross entry cost.", examples=["3000000"]
    ),
]
Inception = Annotated[
    Day | None,
    Form(description="Session at whose close it was. Default: the session before the earliest entry."),
]
PortfolioId = Annotated[
    Id | None, Form(description="Portfolio to bring up to the file, instead of making one.", examples=[1])
]
Confirm = Annotated[
    Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None,
    Form(description="With portfolio_id: the token of the preview whose changes are to be made."),
]


@router.post(
    PATH,
    status_code=202,
    operation_id="uploadPortfolio",
    summary="Make a portfolio of a position file, or bring one up to it",
    responses={
        **problems(404, 409),
        200: {"model": Preview, "description": "What the file would change; nothing was written."},
    },
    response_model=Uploaded,
)
async def upload(
    request: Request,
    writes: Writes,
    file: PositionFile,
    name: Name = None,
    equity: Equity = None,
    inception: Inception = None,
    portfolio_id: PortfolioId = None,
    confirm: Confirm = None,
) -> Response:
    """All of the file is taken, or nothing, and every error is listed with its row and field.

    The history that follows from it is computed by a run that this requests. The same file again changes nothing and
    answers with the same ids. With `portfolio_id` the file is compared with that portfolio: first the answer (200) is
    what would change; the same again with its `confirm` makes those changes (202).
    """
    await _check_form(request, portfolio_id is not None)
    given = _Given(_printable(file.filename or ""), await file.read(MAX_BYTES + 1), writes)
    if portfolio_id is not None:
        work: Work[Uploaded | Preview] = partial(
            _revise, given=given, portfolio_id=portfolio_id, confirm=confirm
        )
    else:
        wanted = name or PurePath(given.file_name).stem[:MAX_PORTFOLIO_NAME].strip() or DEFAULT_NAME
        amount = None if equity is None else read_equity(equity)
        work = partial(_create, given=given, name=wanted, equity=amount, inception=inception)
    answer = await writes.write(work)
    return previewed_or_done(request, answer)


@dataclass(frozen=True, slots=True)
class _Given:
    """A file as it was given, and when."""

    file_name: str
    data: bytes
    writing: Writing


def _create(
    connection: Connection[Any],
    user: User,
    given: _Given,
    name: str,
    equity: Decimal | None,
    inception: date | None,
) -> Uploaded:
    result = import_portfolio(
        connection,
        user.name,
        name,
        given.file_name,
        given.data,
        given.writing.today,
        equity,
        inception,
        uploaded_by=user.id,
    )
    return Uploaded(
        portfolio_id=result.portfolio_id,
        request_id=history_requested(connection, result.portfolio_id, user.id),
        created=result.created,
        changes=result.positions if result.created else 0,
        positions=result.positions,
        warnings=list(result.warnings),
    )


def _revise(
    connection: Connection[Any], user: User, given: _Given, portfolio_id: int, confirm: str | None
) -> Uploaded | Preview:
    revision = revise.prepare(connection, user.id, portfolio_id, given.data, given.writing.today)
    if revision.changes and confirm is None:
        return preview(portfolio_id, revision, revision.warnings)
    if revision.changes and confirm is not None:
        latest = given.writing.latest_session
        request_id = revise.apply(connection, revision, confirm, given.data, given.file_name, latest)
    else:
        request_id = revise.unchanged(connection, revision)
    return Uploaded(
        portfolio_id=portfolio_id,
        request_id=request_id,
        created=False,
        changes=len(revision.changes),
        positions=len(revision.rows),
        warnings=list(revision.warnings),
    )


async def _check_form(request: Request, is_revision: bool) -> None:
    """Refuse form fields that are not this upload's, and repeated ones: neither is ever ignored."""
    given = [name for name, _ in (await request.form()).multi_items()]
    known = _REVISION if is_revision else _NEW
    errors = [
        FieldError(field=name[:100], code="unknown_field", message=_why_unknown(name))
        for name in sorted(set(given) - known)
    ]
    errors += [
        FieldError(field=name, code="repeated_field", message=f"{name} may be given once")
        for name in sorted({name for name in given if given.count(name) > 1} & known)
    ]
    if errors:
        raise ProblemError(422, "the form has fields that are not known here, or repeated", errors=errors)


def _why_unknown(name: str) -> str:
    if name in _NEW:
        return f"the {name} of a portfolio that is there stays; leave it out"
    return "give it with portfolio_id" if name in _REVISION else "there is no such field"


def _printable(text: str) -> str:
    """Return a file's name without what no file's name needs."""
    return "".join(letter for letter in text if letter.isprintable())[:255]
