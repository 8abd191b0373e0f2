"""The same files through the real commands, in a home of their own: not one number differs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.postgres.credentials import DatabaseUrls
from tests.scenario.stored import dump, materialize
from tests.scenario.world import (
    FLOWS,
    INCEPTION,
    MACRO,
    MARKS,
    SECOND,
    closes,
    history,
    write_csv,
    write_parquet,
)

pytestmark = pytest.mark.long

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sigmasight(tmp_path: Path) -> Iterator[Command]:
    """The command, on an embedded server that is stopped at the end; prices from a file with CRLF lines."""
    prices = write_csv(tmp_path / "prices.csv", closes(), "\r\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SIGMASIGHT_")
    } | {
        "SIGMASIGHT_HOME": str(tmp_path / "home"),
        "SIGMASIGHT_PRICE_SOURCE": "file",
        "SIGMASIGHT_PRICE_FILE": str(prices),
    }

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [Path(sys.executable).with_name("sigmasight"), *arguments],
            cwd=tmp_path,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    try:
        yield run
    finally:
        run("db", "stop")


def test_commands_end_in_the_same_rows(sigmasight: Command, tmp_path: Path, scenario: DatabaseUrls) -> None:
    files = {"macro.csv": MACRO, "second.csv": SECOND, "marks.csv": MARKS, "flows.csv": FLOWS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    start, end = str(history()[0]), str(history()[-1])
    sigmasight("db", "start")
    sigmasight("users", "add", "user", stdin="correct horse\n")
    macro = ("--owner", "user", "--name", "Macro", "--equity", "1000000", "--inception", str(INCEPTION))
    sigmasight("import", "macro.csv", *macro)
    sigmasight("import", "second.csv", "--owner", "user", "--name", "Second")
    sigmasight("marks", "marks.csv")
    sigmasight("flows", "flows.csv")
    sigmasight("backfill", "--start", start, "--end", end)
    url = sigmasight("db", "url").stdout.strip()
    assert dump(url) == dump(scenario.reader)


@pytest.mark.parametrize("form", ["csv", "crlf", "parquet"])
def test_the_same_closes_in_any_form_change_nothing(
    tmp_path: Path, scenario: DatabaseUrls, form: str
) -> None:
    """The file is read anew; unchanged closes are recognised, whatever form they come in."""
    file = {
        "csv": lambda: write_csv(tmp_path / "prices.csv", closes()),
        "crlf": lambda: write_csv(tmp_path / "prices.csv", closes(), "\r\n"),
        "parquet": lambda: write_parquet(tmp_path / "prices.parquet", closes()),
    }[form]()
    days = history()[200], history()[204]
    fetched, derived = materialize(scenario, file, *days)
    assert derived == 0
    # A Parquet file of closes alone takes the other fields of the bars away.
    assert (fetched > 0) == (form == "parquet")
    materialize(scenario, write_csv(tmp_path / "again.csv", closes()), *days)
