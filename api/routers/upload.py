"""Bringing a book in."""

from pathlib import PurePath
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from psycopg import Connection
from pydantic import StringConstraints

from api.errors import ProblemError
from api.intake.import_positions import import_portfolio
from api.intake.requests import history_requested
from api.intake.terms import read_equity
from api.openapi import problems
from api.parameters import Day
from api.schemas.problem import FieldError
from api.schemas.writes import Uploaded
from api.writing import User, Writes
from pipelines.sources.csv_file import MAX_BYTES
from pipelines.sources.ledger_csv import MAX_PORTFOLIO_NAME

PATH: Final = "/portfolio/upload"
MAX_UPLOAD_BYTES: Final = MAX_BYTES + 64 * 2**10
"""Body of an upload: the file, and what multipart puts around it."""
DEFAULT_NAME: Final = "Portfolio"

_FIELDS: Final = frozenset({"file", "name", "equity", "inception"})

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


@router.post(
    PATH,
    status_code=202,
    operation_id="uploadPortfolio",
    summary="Make a portfolio of a position file",
    responses=problems(400, 409),
)
async def upload(
    request: Request,
    response: Response,
    writes: Writes,
    file: PositionFile,
    name: Name = None,
    equity: Equity = None,
    inception: Inception = None,
) -> Uploaded:
    """All of the file becomes a portfolio, or nothing, and every error is listed with its row and field.

    Its history since inception is computed by a run that this requests. The same file, name and options again change
    nothing and answer with the same ids.
    """
    await _refuse_unknown_fields(request)
    file_name = _printable(file.filename or "")
    data = await file.read(MAX_BYTES + 1)
    wanted = name or PurePath(file_name).stem[:MAX_PORTFOLIO_NAME].strip() or DEFAULT_NAME

    def work(connection: Connection[Any], user: User) -> Uploaded:
        result = import_portfolio(
            connection,
            user.name,
            wanted,
            file_name,
            data,
            writes.today,
            None if equity is None else read_equity(equity),
            inception,
            uploaded_by=user.id,
        )
        return Uploaded(
            portfolio_id=result.portfolio_id,
            request_id=history_requested(connection, result.portfolio_id, user.id),
            created=result.created,
            positions=result.positions,
            initial_equity=float(result.initial_equity),
            inception_date=result.inception_date,
            warnings=list(result.warnings),
        )

    answer = await writes.write(work)
    response.headers["Location"] = str(request.app.url_path_for("get_run", request_id=str(answer.request_id)))
    return answer


async def _refuse_unknown_fields(request: Request) -> None:
    """Refuse form fields that are not the upload's, and repeated ones: neither is ever ignored."""
    given = [name for name, _ in (await request.form()).multi_items()]
    errors = [
        FieldError(field=name[:100], code="unknown_field", message="there is no such field here")
        for name in sorted(set(given) - _FIELDS)
    ]
    errors += [
        FieldError(field=name, code="repeated_field", message=f"{name} may be given once")
        for name in sorted({name for name in given if given.count(name) > 1} & _FIELDS)
    ]
    if errors:
        raise ProblemError(422, "the form has fields that are not known, or repeated", errors=errors)


def _printable(text: str) -> str:
    """Return a file's name without what no file's name needs."""
    return "".join(letter for letter in text if letter.isprintable())[:255]
