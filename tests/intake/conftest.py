from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Literal

import psycopg
import pytest

from api.intake.users import add_user
from pipelines.postgres.credentials import DatabaseUrls
from tests.emptying import empty

TODAY = date(2024, 3, 15)
PASSWORD = "correct horse"


class Book:
    """A migrated database with users ann and bob; connections log in as the role they are named by."""

    today = TODAY

    def __init__(self, urls: DatabaseUrls) -> None:
        self.urls = urls
        self._owner = psycopg.connect(urls.owner, autocommit=True)

    def begin(self, **users: Literal["user", "admin"]) -> None:
        """Empty it but for some users. All on one connection: a new one takes longer than that."""
        empty(self._owner)
        for name, role in {"ann": "user", "bob": "user", **users}.items():
            add_user(self._owner, name, PASSWORD, role=role, rounds=4)  # type: ignore[arg-type]

    def close(self) -> None:
        self._owner.close()

    def tables(self) -> list[str]:
        names = self.ask("select table_name from information_schema.tables where table_schema = 'book'")
        return [str(name) for (name,) in names]

    @contextmanager
    def intake(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.urls.intake) as connection:
            yield connection

    def ask(self, text: str, *parameters: object) -> list[tuple[object, ...]]:
        """What the database holds, as its owner sees it."""
        return self._owner.execute(text, parameters).fetchall()

    def commits(self) -> list[str]:
        return [
            str(action)
            for (action,) in self.ask("select action from analytics.commits order by committed_at")
        ]

    def contents(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of the book, history included."""
        return {name: sorted(self.ask(f"select t::text from book.{name} t")) for name in self.tables()}


@pytest.fixture(scope="module")
def module_book(module_database: DatabaseUrls) -> Iterator[Book]:
    with closing(Book(module_database)) as book:
        yield book


@pytest.fixture
def book(module_book: Book) -> Book:
    module_book.begin()
    return module_book
