"""A typed Python client that a public generator makes of the API's document logs in, reads and writes."""

import json
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.document import main
from tests.api.caller import PASSWORD
from tests.api.conftest import NOW, Filled, settings_of
from tests.api.server import served

ROOT = Path(__file__).parents[2]

USER = """
    import io, json, sys
    from datetime import date
    from client import AuthenticatedClient, Client
    from client.api.auth import login
    from client.api.intake import open_position, upload_portfolio
    from client.api.portfolio import get_portfolio, get_portfolio_history
    from client.api.positions import get_positions
    from client.api.risk import get_factor_exposures
    from client.models import (
        BodyUploadPortfolio, Credentials, GetPositionsGroupby, GroupedPositions, NewLot, Portfolio, Positions, Problem,
        Traded, Uploaded,
    )
    from client.types import File

    url, username, password = sys.argv[1:]
    token = login.sync(client=Client(base_url=url), body=Credentials(username=username, password=password))
    api = AuthenticatedClient(base_url=url, token=token.token)
    book = get_portfolio.sync(client=api)
    assert isinstance(book, Portfolio) and isinstance(book.session, date)
    refused = get_portfolio.sync(client=api, as_of=date(2030, 1, 1))
    assert isinstance(refused, Problem), refused
    lots = get_positions.sync(client=api)
    assert isinstance(lots, Positions), lots
    groups = get_positions.sync(client=api, group_by=GetPositionsGroupby.SECTOR)
    assert isinstance(groups, GroupedPositions), groups
    history = get_portfolio_history.sync(client=api, start=date(2024, 5, 1), limit=3)
    factors = get_factor_exposures.sync(client=api)
    file = File(io.BytesIO(b"ticker,quantity,entry_price,entry_date\\nKO,1,60,2024-01-16\\n"), "a.csv", "text/csv")
    uploaded = upload_portfolio.sync(client=api, body=BodyUploadPortfolio(file=file, name="By client"))
    assert isinstance(uploaded, Uploaded), uploaded
    lot = NewLot(symbol="XOM", quantity=5, entry_price=100.5, entry_date=date(2024, 3, 4))
    traded = open_position.sync(client=api, body=lot, portfolio_id=uploaded.portfolio_id)
    assert isinstance(traded, Traded), traded
    print(json.dumps({
        "session": book.session.isoformat(),
        "net_asset_value": book.net_asset_value,
        "lots": [one.market_value for one in lots.items],
        "groups": [one.market_value for one in groups.groups],
        "net_exposure": book.net_exposure,
        "history": [one.session.isoformat() for one in history.items],
        "factors": [one.factor for one in factors.factors],
        "refused": refused.errors[0].code,
    }))
"""


def run(*command: str, cwd: Path) -> str:
    uv = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".tools" / "bin"))
    if uv is None:
        pytest.skip("there is no uv here")
    pinned = ("run", "--no-project", "--with-requirements", str(ROOT / ".ci" / "client.txt"))
    done = subprocess.run(
        [uv, *pinned, *command], cwd=cwd, capture_output=True, text=True, check=False, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + (done.stderr if command[0] == "openapi-python-client" else "")


@pytest.mark.long
def test_a_generated_client_logs_in_reads_and_writes(
    changeable: Filled, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(settings_of(changeable.urls), now=lambda: NOW, intake=True)
    main()
    (tmp_path / "openapi.json").write_text(capsys.readouterr().out, encoding="utf-8")
    document = json.loads((tmp_path / "openapi.json").read_text(encoding="utf-8"))
    assert document == app.openapi()
    said = run(
        "openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none",
        "--output-path", "client", "--fail-on-warning", cwd=tmp_path,
    )  # fmt: skip
    assert "warning" not in said.lower(), said
    made = {path.stem for path in (tmp_path / "client" / "api").rglob("*.py")} - {"__init__"}
    assert len(made) == sum(len(path) for path in document["paths"].values())
    (tmp_path / "user.py").write_text(textwrap.dedent(USER), encoding="utf-8")
    with served(app) as url:
        told: dict[str, Any] = json.loads(run("python", "user.py", url, "ann", PASSWORD, cwd=tmp_path))
    stored = changeable.query(
        "select net_asset_value::float, net_exposure::float from analytics.snapshots "
        "where session = '2024-05-14' and portfolio_id = %s",
        changeable.main,
    )
    assert (told["net_asset_value"], told["net_exposure"]) == stored[0]
    assert sum(told["lots"]) == pytest.approx(told["net_exposure"], abs=1e-4)
    assert sum(told["groups"]) == pytest.approx(told["net_exposure"], abs=1e-4)
    assert (told["session"], told["refused"], len(told["factors"])) == ("2024-05-14", "future", 8)
    assert told["history"] == ["2024-05-01", "2024-05-02", "2024-05-03"]
