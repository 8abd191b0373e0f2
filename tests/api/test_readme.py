"""What the README shows of the API works as it stands there, against a real server."""

import json
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import psycopg
import pytest

from api.app import create_app
from api.intake.users import add_user
from pipelines.postgres import DatabaseUrls
from tests.api.conftest import LATEST, NOW, materialize, settings_of
from tests.api.server import served

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    (found,) = [
        text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if containing in text
    ]
    return str(found)


def answer_one_request(urls: DatabaseUrls) -> None:
    """Do what the sensor and its run do, once a request is there."""
    for _ in range(300):
        with psycopg.connect(urls.owner) as connection:
            row = connection.execute(
                "select r.id, p.inception_date + 1 from book.run_requests r "
                "join book.portfolios p on p.id = any(r.portfolio_ids)"
            ).fetchone()
        if row is not None:
            materialize(urls, row[1], LATEST, request_id=row[0])
            return
        time.sleep(0.1)


def test_the_readmes_upload(database: DatabaseUrls, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl here")
    (tmp_path / "positions.csv").write_text(block("csv", "ticker"), encoding="utf-8")
    with psycopg.connect(database.intake) as connection:
        add_user(connection, "demo_user_1", "demo123", rounds=4, min_length=7)
    sensor = threading.Thread(target=answer_one_request, args=[database])
    sensor.start()
    with served(create_app(settings_of(database), now=lambda: NOW, intake=True)) as url:
        script = block("sh", "curl").replace("http://127.0.0.1:8000", url)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    sensor.join()
    assert done.returncode == 0, done.stderr
    book = json.loads(done.stdout)
    assert (book["name"], book["session"], book["reason"]) == ("Sample", "2024-05-14", None)
    # The option expired on 2024-01-19: two lots are left.
    assert (
        book["positions_by_type"]["LONG"],
        book["positions_by_type"]["SHORT"],
        book["position_count"],
    ) == (1, 1, 2)
    with psycopg.connect(database.owner) as connection:
        stored = connection.execute(
            "select net_asset_value from analytics.snapshots where session = %s", [LATEST]
        ).fetchall()
        values = connection.execute(
            "select sum(market_value) from analytics.position_pnl where session = %s", [LATEST]
        ).fetchall()
    assert float(stored[0][0]) == book["net_asset_value"]
    assert float(values[0][0]) == book["net_exposure"]
    assert book["net_asset_value"] == pytest.approx(book["net_exposure"] + book["cash"], abs=1e-4)
