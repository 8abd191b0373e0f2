"""The application with its intake on, on a database each test finds empty but for four users."""

from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from tests.api.caller import Caller, login
from tests.intake.conftest import Book

SAMPLE = b"""ticker,quantity,entry_price,entry_date,tags
AAPL,1000,150.00,2024-01-15,"momentum,tech"
MSFT,-500,380.00,2024-01-20,"hedge,tech"
AAPL240119C00150000,10,5.50,2024-01-10,"hedge,options"
"""


@dataclass(frozen=True)
class Desk:
    """Users, and what the database holds."""

    book: Book
    client: TestClient

    def caller(self, name: str) -> Caller:
        return login(self.client, name)

    @property
    def ann(self) -> Caller:
        return self.caller("ann")

    @property
    def bob(self) -> Caller:
        return self.caller("bob")

    @property
    def root(self) -> Caller:
        """An administrator."""
        return self.caller("root")

    def ask(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.book.ask(text, *params)

    def run(self, request_id: int, status: str, *, error: str | None = None, left_out: str = "{}") -> None:
        """Record a run of a request, as the pipeline would."""
        self.ask(
            "insert into analytics.runs "
            "(run_id, request_id, kind, start_session, end_session, started_at, status, error, left_out) values "
            "(gen_random_uuid(), %s, 'upload', '2024-01-10', '2024-05-14', clock_timestamp(), %s, %s, %s::jsonb) "
            "returning 1",
            request_id,
            status,
            error,
            left_out,
        )

    def unchanged(self) -> "Unchanged":
        """A context that fails when what the book holds changes inside it."""
        return Unchanged(self)


class Unchanged:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def _contents(self) -> Any:
        return self._desk.book.contents(), self._desk.ask("select count(*) from analytics.commits")

    def __enter__(self) -> None:
        self._before = self._contents()

    def __exit__(self, failed: Any, *_: Any) -> None:
        assert failed or self._contents() == self._before
