"""The API keeps what its OpenAPI document says: schemathesis tries, with all of its checks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import psycopg
import pytest

from api.app import create_app
from api.rate_limit import RateLimit
from tests.api.caller import PASSWORD
from tests.api.conftest import NOW, Filled, settings_of
from tests.api.server import served

HERE = Path(__file__).parent


@pytest.mark.long
def test_schemathesis_finds_nothing(changeable: Filled, tmp_path: Path) -> None:
    with psycopg.connect(changeable.urls.owner) as connection:
        # An administrator with a book: every route answers with more than a refusal.
        connection.execute("update book.users set role = 'admin' where username = 'ann'")
    app = create_app(settings_of(changeable.urls), now=lambda: NOW, intake=True)
    app.state.triggers = RateLimit(1_000_000, 1.0)
    with served(app) as url:
        credentials = {"username": "ann", "password": PASSWORD}
        token = httpx.post(f"{url}/api/v1/auth/login", json=credentials).json()["token"]
        command = str(Path(sys.executable).with_name("schemathesis"))
        options = ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json"]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.api.schemathesis_hooks", "PYTHONPATH": str(HERE.parent.parent)}
        done = subprocess.run(
            [command, *options, "--checks", "all", "--header", f"Authorization: Bearer {token}"],
            check=False,
            cwd=tmp_path,
            env=os.environ | hooks,
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.returncode == 0, done.stdout[-25_000:] + done.stderr[-2_000:]
    operations = sum(len(path) for path in app.openapi()["paths"].values())
    assert f"Tested: {operations}" in done.stdout
    (generated,) = re.findall(r"(\d+) generated", done.stdout)
    assert int(generated) > 10 * operations
