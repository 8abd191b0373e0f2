"""`sigmasight demonstrate` finds every claim true, and says which one is not as soon as one is not."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pipelines.cli.demonstration import performance, proofs, recomputing
from pipelines.cli.demonstration.cells import in_cone, read_contents
from pipelines.cli.demonstration.opening import Opening
from pipelines.cli.demonstration.stage import at_home
from pipelines.cli.demonstration.story import Story, UntrueClaimError
from pipelines.postgres import Role, connect, running_database
from pipelines.settings import settings
from tests.cli.conftest import Command


@dataclass(frozen=True)
class Performed:
    """A demonstration that went well, with its two homes."""

    folder: Path
    opening: Opening
    predicted: str
    claims: list[str]
    told: str


@pytest.fixture(scope="module")
def performed(tmp_path_factory: pytest.TempPathFactory) -> Performed:
    folder = tmp_path_factory.mktemp("stage")
    lines: list[str] = []
    story = Story(lines.append)
    opening, predicted = performance.perform(story, folder)
    return Performed(folder, opening, predicted, story.claims, "\n".join(lines))


@contextmanager
def restated(performed: Performed) -> Iterator[psycopg.Connection[Any]]:
    """The restated home once more, as the owner of its database."""
    with (
        at_home(performed.folder / "restated"),
        running_database(),
        connect(Role.OWNER, autocommit=True) as owner,
    ):
        yield owner


@pytest.mark.long
def test_every_promise_is_among_its_claims(performed: Performed) -> None:
    order = [
        "it reaches those that hold META, and nobody else",
        "what is stale now is what was predicted",
        "nothing of it was stored",
        "it did what the dry run said",
        "recomputed ⊆ predicted",
        "changed ⊆ recomputed",
        "every other row is the one that was there",
        "of the other portfolio among them, is what it was",
        "nothing is stale any more",
        "the residual of net_asset_value",
        "the ledger names these sessions",
        "answers of the old report are the same bytes",
        "while the report of now is another",
        "replayed from the inputs its run read it is equal",
        "nothing is broken or stale",
        "no close was ever replaced in it",
        "the restated database equals the rebuilt one, bit for bit",
    ]
    places = [performed.told.index(claim) for claim in order]
    assert places == sorted(places)
    assert performed.told.count("✓") == len(performed.claims)
    assert "✗" not in performed.told


@pytest.mark.long
def test_the_counts_it_shows_are_those_of_the_database(performed: Performed) -> None:
    opening = performed.opening
    cone = in_cone(opening.cells, performed.predicted)
    assert {portfolio for *_, portfolio in cone} == {0, *opening.moves}
    assert min(day for _, day, _ in cone) == opening.day
    with restated(performed) as owner:
        rewritten = owner.execute(
            "select count(*) from analytics.factor_betas_history h"
            " join analytics.commits c on c.commit_id = h.superseded_by where c.committed_at > %s",
            [opening.known_at],
        ).fetchall()[0][0]
    shown = re.search(r"factor_betas +130 +(\d+) +(\d+) +(\d+) +[\d,]+ +(\d+)\n", performed.told)
    assert shown is not None
    betas = sum(asset == "factor_betas" for asset, *_ in cone)
    assert [int(number) for number in shown.groups()] == [betas, betas, betas, rewritten]


def look_back(performed: Performed) -> None:
    proofs.look_back(Story(str), performed.opening)


def explain(performed: Performed) -> None:
    proofs.explain(Story(str), performed.opening)


def compare(performed: Performed) -> None:
    """With counts that no slice could contradict: what is told is the database's own."""
    recomputing.compare(Story(str), performed.opening, performed.predicted, {})


def verify(performed: Performed) -> None:
    proofs.verify(Story(str))


def equal(performed: Performed) -> None:
    with connect(Role.READER) as connection:
        one = read_contents(connection)
    with at_home(performed.folder / "rebuilt"), running_database(), connect(Role.READER) as connection:
        proofs.equal(Story(str), one, read_contents(connection))


MENDED = {"insert": "delete from analytics.rolled_equity_history where portfolio_id = 2"}
FALSEHOODS = {
    "history altered": (
        "update analytics.snapshots_history set cash = cash {} 1",
        look_back,
        "answers of the old report are the same bytes",
    ),
    "part altered": (
        "update analytics.waterfall_parts set amount = amount {} 0.01",
        explain,
        "the residual of net_asset_value",
    ),
    "ledger altered": (
        "update analytics.restatements set new_net_asset_value = new_net_asset_value {} 0.01",
        explain,
        "the ledger names these sessions",
    ),
    "digest altered": (
        "update analytics.slices set row_count = row_count {} 1 where portfolio_id = 2 and asset = 'snapshots'",
        equal,
        "the restated database equals the rebuilt one.*these differ: analytics.slices",
    ),
    "beta altered by a bit": (
        "update analytics.factor_betas set beta = beta {} 4.440892098500626e-16 where beta between 1 and 2",
        equal,
        "the restated database equals the rebuilt one.*these differ: analytics.factor_betas",
    ),
    "row altered": (
        "update analytics.snapshots set cash = cash {} 1 where portfolio_id = 2",
        verify,
        "`sigmasight verify` ended with exit code 1",
    ),
    "row written outside of the cone": (
        "insert into analytics.rolled_equity_history select e.*, s.commit_id"
        " from analytics.rolled_equity e, analytics.snapshots s where e.portfolio_id = 2 and s.portfolio_id = 1"
        " order by s.commit_id desc, e.session limit 1",
        compare,
        "every other row is the one that was there.*rolled_equity .* portfolio 2",
    ),
    "slice recorded outside of the cone": (
        "update analytics.slices set commit_id = commit_id {} 1000 where portfolio_id = 2",
        compare,
        "of the other portfolio among them, is what it was",
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("falsehood", FALSEHOODS)
def test_it_names_the_claim_that_is_not_so(performed: Performed, falsehood: str) -> None:
    """What an act claims holds, does not once rows are altered behind its back, and holds again after."""
    statement, act, message = FALSEHOODS[falsehood]
    with restated(performed) as owner:
        act(performed)
        assert owner.execute(statement.format("+")).rowcount > 0  # type: ignore[arg-type]
        try:
            with pytest.raises(UntrueClaimError, match=message):
                act(performed)
        finally:
            owner.execute(MENDED.get(statement.split()[0], statement).format("-"))  # type: ignore[arg-type]


def test_an_untrue_claim_is_an_exit_code_and_leaves_nothing(
    typed: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []

    def claim(story: Story, folder: Path) -> None:
        folders.append(folder)
        (folder / "restated").mkdir()
        story.claim("two and two are four", True)
        story.claim("two and two are five", False, "they are four")

    monkeypatch.setattr(performance, "perform", claim)
    done = typed("demonstrate")
    assert done.returncode == 1
    assert done.stderr == "sigmasight: untrue: two and two are five (they are four)\n"
    assert "✓ two and two are four" in done.stdout
    assert "✗ two and two are five" in done.stdout
    assert not folders[0].exists()
    done = typed("demonstrate", "--keep")
    assert str(folders[1] / "restated") in done.stdout
    assert (folders[1] / "restated").is_dir()
    shutil.rmtree(folders[1])


def test_a_home_of_its_own_knows_none_of_the_users_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / ".env").write_text("SIGMASIGHT_DATABASE_URL=postgresql://me@example.org/mine\n")
    monkeypatch.chdir(mine)
    monkeypatch.setitem(type(settings()).model_config, "env_file", ".env")
    monkeypatch.setenv("SIGMASIGHT_PRICE_SOURCE", "yfinance")
    monkeypatch.setenv("POLYGON_API_KEY", "a key")
    monkeypatch.setenv("DAGSTER_HOME", str(mine))
    monkeypatch.setenv("PGHOST", "example.org")
    before = dict(os.environ)
    assert not settings().is_embedded
    with at_home(tmp_path / "its", SIGMASIGHT_RISK_FREE_RATE="0.01"):
        now = settings()
        assert now.is_embedded
        assert (now.home, now.price_source, now.polygon_api_key) == (tmp_path / "its", "simulated", None)
        assert now.risk_free_rate == 0.01
        assert not {"DAGSTER_HOME", "PGHOST"} & os.environ.keys()
    assert dict(os.environ) == before
    assert Path.cwd() == mine


_WAITING = """
import signal
import time
from pathlib import Path
from pipelines.cli.demonstration.stage import stage
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a test in the background may have inherited ignored
with stage() as folder:
    (folder / "restated").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_told_to_end_leaves_nothing(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        assert folder.is_dir()
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(30) != 0
        assert time.monotonic() - began < 20
    assert not folder.exists()
