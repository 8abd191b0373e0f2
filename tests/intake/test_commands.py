"""The commands that bring a book in, as typed."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from api.passwords import verify_password
from pipelines.cli import book as commands
from pipelines.errors import SigmaSightError
from pipelines.postgres.credentials import DatabaseUrls
from pipelines.sources.csv_errors import RowError

from .conftest import Book

SAMPLE = """ticker,quantity,entry_price,entry_date,tags,note
AAPL,1000,150.00,2024-01-15,"momentum,tech",x
ACME_B,-500,380.00,2024-01-20,hedge,
"""


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    commands.mount(app)
    return app


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    file = tmp_path / "book.csv"
    file.write_text(
        SAMPLE.replace(",note", ",asset_class,note").replace(",x", ",,x").replace("hedge,", "hedge,PRIVATE,")
    )
    return file


def run(app: typer.Typer, *arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)


def test_a_user_is_added_with_the_password_of_standard_input(book: Book, app: typer.Typer) -> None:
    result = run(app, "users", "add", "carl", "--admin", stdin="battery staple\r\nrest\n")
    assert result.exit_code == 0, result.output
    assert "added admin carl" in result.stdout
    ((role, password_hash),) = book.ask("select role, password_hash from book.users where username = 'carl'")
    assert role == "admin"
    assert verify_password("battery staple", str(password_hash))


def test_at_a_terminal_the_password_is_asked_for_twice(
    book: Book, app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.cli.book._is_terminal", lambda: True)
    differs = run(app, "users", "add", "carl", stdin="battery staple\nbattery\n")
    assert differs.exit_code == 1
    result = run(app, "users", "add", "carl", stdin="battery staple\nbattery staple\n")
    assert result.exit_code == 0, result.output
    assert "battery" not in result.output
    ((role, password_hash),) = book.ask("select role, password_hash from book.users where username = 'carl'")
    assert role == "user"
    assert verify_password("battery staple", str(password_hash))


def test_an_external_database_without_tables_is_left_as_it_is(
    bare_database: DatabaseUrls, app: typer.Typer
) -> None:
    result = run(app, "users", "add", "carl", stdin="battery staple\n")
    assert "sigmasight db migrate" in str(result.exception)
    assert isinstance(result.exception, SigmaSightError)
    with psycopg.connect(bare_database.owner) as connection:
        assert connection.execute("select to_regclass('book.users')").fetchone() == (None,)


def test_import_says_what_it_made_and_again_that_nothing_changed(
    book: Book, app: typer.Typer, sample: Path
) -> None:
    first = run(app, "import", sample, "--owner", "ann", "--name", "Main")
    assert first.exit_code == 0, first.output
    assert "created portfolio 'Main'" in first.stdout
    assert "340,000.00 USD" in first.stdout  # 1000 × 150 + 500 × 380
    assert "at the close of 2024-01-12" in first.stdout  # 2024-01-15 is a holiday, its session 2024-01-16
    assert "'note' is not known" in first.stderr
    again = run(app, "import", sample, "--owner", "ann", "--name", "Main")
    assert (again.exit_code, "unchanged" in again.stdout) == (0, True)


def test_import_as_json(book: Book, app: typer.Typer, sample: Path) -> None:
    options = ("--equity", "3000000", "--inception", "2024-01-14", "--json")
    result = run(app, "import", sample, "--owner", "ann", "--name", "Main", *options)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told.pop("warnings") == ["column 'note' is not known and was ignored"]
    assert told == {
        "portfolio_id": 1,
        "positions": 2,
        "created": True,
        "initial_equity": 3000000.0,
        "inception_date": "2024-01-12",
    }


def test_a_refused_file_is_told_row_by_row(book: Book, app: typer.Typer, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("ticker,quantity,entry_price,entry_date\nSPY,0,NaN,2024-01-02\n")
    result = run(app, "import", bad, "--owner", "ann", "--name", "Main")
    assert (result.exit_code, result.stdout) == (1, "")
    lines = [line.split() for line in result.stderr.splitlines()]
    assert lines[1] == ["row", "field", "code", "message"]
    assert [line[:3] for line in lines[2:]] == [
        ["2", "entry_price", "not_finite"],
        ["2", "quantity", "zero_quantity"],
    ]
    as_json = run(app, "import", bad, "--owner", "ann", "--name", "Main", "--json")
    assert as_json.exit_code == 1
    assert [(e["row"], e["field"], e["code"]) for e in json.loads(as_json.stdout)["errors"]] == [
        (2, "entry_price", "not_finite"),
        (2, "quantity", "zero_quantity"),
    ]


@pytest.mark.parametrize(
    ("options", "field", "code"),
    [
        (("--owner", "carl"), "owner", "unknown_user"),
        (("--equity", "3,000,000"), "equity", "invalid_equity"),
        (("--equity", "nan"), "equity", "invalid_equity"),
        (("--inception", "14.1.2024"), "inception", "invalid_inception"),
        (("--inception", "2024-02-30"), "inception", "invalid_inception"),
        (("--inception", "2015-01-05"), "inception", "inception_too_early"),
    ],
)
def test_an_impossible_option_is_named(
    book: Book, app: typer.Typer, sample: Path, options: tuple[str, ...], field: str, code: str
) -> None:
    arguments = ("import", sample, "--owner", "ann", "--name", "Main", *options)
    plain = run(app, *arguments)
    assert isinstance(plain.exception, SigmaSightError)  # the main program prints it as one line
    result = run(app, *arguments, "--json")
    assert result.exit_code == 1
    ((error,),) = json.loads(result.stdout).values()
    assert (error["row"], error["field"], error["code"]) == (0, field, code)
    assert error["message"] == str(plain.exception)


def test_marks_and_flows(book: Book, app: typer.Typer, sample: Path, tmp_path: Path) -> None:
    run(app, "import", sample, "--owner", "ann", "--name", "Main")
    marks, flows = tmp_path / "marks.csv", tmp_path / "flows.csv"
    marks.write_text("portfolio,symbol,date,price\nMain,ACME_B,2024-02-01,390\n")
    flows.write_text("portfolio,date,amount\nMain,2024-02-01,-5000\n")
    assert "1 added, 0 corrected, 0 unchanged" in run(app, "marks", marks).stdout
    told = json.loads(run(app, "flows", flows, "--owner", "ann", "--json").stdout)
    assert told == {"added": 1, "corrected": 0, "unchanged": 0, "warnings": []}
    assert book.ask("select price, amount from book.private_marks, book.cash_flows") == [(390, -5000)]
    flows.write_text("portfolio,date,amount\nMine,2024-02-01,-5000\n")
    refused = run(app, "flows", flows)
    assert (refused.exit_code, "unknown_portfolio" in refused.stderr) == (1, True)


def test_overrides(book: Book, app: typer.Typer, sample: Path, tmp_path: Path) -> None:
    run(app, "import", sample, "--owner", "ann", "--name", "Main")
    file = tmp_path / "overrides.csv"
    file.write_text("portfolio,symbol,date,price\nMain,AAPL,2024-01-16,12.5\n")
    for outcome in ("1 added, 0 corrected, 0 unchanged", "0 added, 0 corrected, 1 unchanged"):
        assert outcome in run(app, "overrides", file, "--owner", "ann").stdout
    assert book.ask("select symbol, session, price from book.price_overrides") == [
        ("AAPL", date(2024, 1, 16), Decimal("12.5"))
    ]
    file.write_text("portfolio,symbol,date,price\nMain,ACME_B,2024-01-22,1\n")
    refused = run(app, "overrides", file)
    assert (refused.exit_code, "invalid_symbol" in refused.stderr) == (1, True)


def test_a_file_too_large_is_not_read_to_its_end(
    book: Book, app: typer.Typer, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sample.open("ab") as file:
        file.truncate(1 << 40)  # a sparse terabyte
    result = run(app, "import", sample, "--owner", "ann", "--name", "Main")
    assert (result.exit_code, "file_too_large" in result.stderr) == (1, True)


def test_long_lists_of_errors_are_cut_for_people() -> None:
    errors = [RowError(i, None, "zero_quantity", "m") for i in range(commands.MAX_SHOWN + 5)]
    lines = commands.error_table(errors).splitlines()
    assert lines[1].split() == ["file", "zero_quantity", "m"]
    assert len(lines) == 1 + commands.MAX_SHOWN + 1
    assert "5 more" in lines[-1]
