"""Settings come from the environment and `.env`, are checked, and never show a secret."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials
from pipelines.postgres.credentials import Role
from pipelines.settings import Settings, SettingsError, settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGMASIGHT_HOME")
    found = settings()
    assert found.home == Path.home() / ".sigmasight"
    assert (found.api_port, found.ui_port) == (8000, 3000)
    assert (found.snapshot_retention_days, found.risk_free_rate) == (365, 0.0)
    assert found.is_embedded


@pytest.mark.parametrize(
    ("environment", "source"),
    [
        ({}, "simulated"),
        ({"POLYGON_API_KEY": "k"}, "polygon"),
        ({"POLYGON_API_KEY": ""}, "simulated"),
        ({"POLYGON_API_KEY": "k", "SIGMASIGHT_PRICE_SOURCE": "yfinance"}, "yfinance"),
        ({"POLYGON_API_KEY": "k", "SIGMASIGHT_PRICE_SOURCE": "polygon, yfinance"}, "polygon,yfinance"),
        ({"SIGMASIGHT_PRICE_SOURCE": "file", "SIGMASIGHT_PRICE_FILE": "prices.csv"}, "file"),
    ],
)
def test_price_source(environment: dict[str, str], source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert settings().price_source == source


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"SIGMASIGHT_PRICE_SOURCE": "file"}, "needs SIGMASIGHT_PRICE_FILE"),
        ({"SIGMASIGHT_PRICE_SOURCE": "polygon"}, "needs POLYGON_API_KEY"),
        ({"SIGMASIGHT_PRICE_SOURCE": "bloomberg"}, "SIGMASIGHT_PRICE_SOURCE: "),
        ({"SIGMASIGHT_PRICE_SOURCE": "yfinance,polygon"}, "needs POLYGON_API_KEY"),
        ({"SIGMASIGHT_PRICE_SOURCE": "yfinance,file"}, "SIGMASIGHT_PRICE_SOURCE: "),
        ({"SIGMASIGHT_POLYGON_URL": "http://proxy.example.org"}, "SIGMASIGHT_POLYGON_URL: .*https"),
        ({"SIGMASIGHT_API_PORT": "70000"}, "SIGMASIGHT_API_PORT: "),
        ({"SIGMASIGHT_RISK_FREE_RATE": "nan"}, "SIGMASIGHT_RISK_FREE_RATE: "),
    ],
)
def test_what_cannot_be_is_named(
    environment: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=complaint):
        settings()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SIGMASIGHT_API_PORT=1111\nSIGMASIGHT_UI_PORT=2222\nPOLYGON_API_KEY=k\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", ".env")
    monkeypatch.setenv("SIGMASIGHT_UI_PORT", "3333")
    found = settings()
    assert (found.api_port, found.ui_port, found.price_source) == (1111, 3333, "polygon")


def test_paths_are_absolute_and_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGMASIGHT_HOME", "here/../there")
    assert settings().home == tmp_path / "there"
    monkeypatch.setenv("SIGMASIGHT_HOME", "~/elsewhere")
    assert settings().home == Path.home() / "elsewhere"


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABASE_URL", "postgresql://o:hidden@h/d")
    monkeypatch.setenv("SIGMASIGHT_JWT_SECRET", "hidden" * 6)
    monkeypatch.setenv("POLYGON_API_KEY", "hidden")
    assert "hidden" not in repr(settings())
    monkeypatch.setenv("SIGMASIGHT_API_PORT", "hidden")
    with pytest.raises(SettingsError) as error:
        settings()
    assert "hidden" not in str(error.value)


def test_the_jwt_key_is_made_once_and_is_private() -> None:
    key = settings().jwt_key()
    assert settings().jwt_key() == key
    assert len(key) >= 43  # 256 bits and more, in base64
    assert stat.S_IMODE((settings().home / "jwt_secret").stat().st_mode) == 0o600
    assert [file.name for file in settings().home.iterdir()] == ["jwt_secret"]


def test_a_given_jwt_secret_is_used_and_nothing_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_JWT_SECRET", "given" * 7)
    assert settings().jwt_key() == "given" * 7
    assert not settings().home.exists()


def test_urls_need_a_prepared_database() -> None:
    with pytest.raises(DatabaseError, match="db start"):
        settings().urls()


def test_role_urls_of_an_external_server_keep_its_place_and_options(monkeypatch: pytest.MonkeyPatch) -> None:
    owner = "postgresql://o:p%40ss@db.example.org:6543/risk?sslmode=require"
    monkeypatch.setenv("SIGMASIGHT_DATABASE_URL", owner)
    monkeypatch.setenv("SIGMASIGHT_READER_URL", "postgresql://mine@elsewhere/risk")
    home = settings().home
    home.mkdir()
    credentials.write(home, credentials.server_key(owner), {role.value: f"{role.name}/1" for role in Role})
    urls = settings().urls()
    assert urls.owner == owner
    assert urls.reader == "postgresql://mine@elsewhere/risk"
    place = {"host": "db.example.org", "port": "6543", "sslmode": "require"}
    login = {"user": "sigmasight_intake", "password": "INTAKE/1", "dbname": "risk"}
    assert credentials.url_parts(urls.intake) == place | login
    assert credentials.url_parts(urls.dagster)["dbname"] == "dagster"


def test_settings_are_cheap_to_import() -> None:
    heavy = "dagster", "numpy", "sqlalchemy"
    script = f"import sys, pipelines.settings; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_short_jwt_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_JWT_SECRET", "x" * 31)
    with pytest.raises(SettingsError, match=r"SIGMASIGHT_JWT_SECRET: .*32 bytes") as raised:
        settings()
    assert "x" * 31 not in str(raised.value)
    monkeypatch.setenv("SIGMASIGHT_JWT_SECRET", "x" * 32)
    assert settings().jwt_key() == "x" * 32


def test_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().allowed_origins() == []
    monkeypatch.setenv("SIGMASIGHT_CORS_ORIGINS", "https://a.example, http://localhost:5173")
    assert settings().allowed_origins() == ["https://a.example", "http://localhost:5173"]
    for wrong in ("*", "a.example", "https://a.example/path", "null"):
        monkeypatch.setenv("SIGMASIGHT_CORS_ORIGINS", wrong)
        with pytest.raises(SettingsError, match="SIGMASIGHT_CORS_ORIGINS"):
            settings()
