"""Settings: the environment, and `.env` in the working directory. Nothing else configures the project.

`settings()` reads them anew at each call (about a millisecond), so that what a test or a launcher sets holds.
"""

import os
import re
import secrets
from datetime import time
from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.errors import SigmaSightError
from pipelines.postgres.credentials import DatabaseUrls, Role, database_urls

MIN_SECRET_BYTES: Final = 32
"""HS256 is as strong as its key: shorter ones can be guessed from a token."""
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")

_VENDORS: Final = ("polygon", "yfinance")
_STAND_ALONE: Final = ("file", "simulated")
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?(/.*)?")


class SettingsError(SigmaSightError):
    """A setting is missing or malformed; the text names its environment variable."""


class Settings(BaseSettings):
    """Every setting, by its name in the environment without the prefix `SIGMASIGHT_`."""

    model_config = SettingsConfigDict(
        env_prefix="SIGMASIGHT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    home: Path = Path("~/.sigmasight")
    database_url: SecretStr | None = None
    """The owner's URL of an external PostgreSQL; the embedded server is used when unset."""
    intake_url: SecretStr | None = None
    pipeline_url: SecretStr | None = None
    reader_url: SecretStr | None = None
    dagster_url: SecretStr | None = None
    price_source: str = "simulated"
    """One source, or vendors in the order they are asked: `polygon,yfinance`."""
    price_file: Path | None = None
    polygon_api_key: SecretStr | None = Field(default=None, validation_alias="POLYGON_API_KEY")
    polygon_url: str | None = None
    """Where Polygon's API is, if not where its client library says."""
    polygon_calls_per_minute: int = Field(default=5, ge=0)
    """Requests that the plan allows each minute; 0 is without limit."""
    yahoo_url: str | None = None
    """A proxy that stands for Yahoo's hosts; Yahoo itself when unset."""
    jwt_secret: SecretStr | None = None
    cors_origins: str = ""
    """Origins, comma-separated, whose pages a browser may let use the API; none by default."""
    api_memory_mb: int = Field(default=64, ge=0, le=65536)
    """Megabytes of answers that each process of the API remembers; 0: none."""
    api_port: int = Field(default=8000, ge=1, le=65535)
    ui_port: int = Field(default=3000, ge=1, le=65535)
    snapshot_retention_days: int = Field(default=365, ge=1)
    risk_free_rate: float = Field(default=0.0, allow_inf_nan=False)
    """Annual risk-free rate of the Sharpe ratio, a fraction (0.05 = 5 %)."""
    market_time: time = time(16, 0)
    """When the day's jobs start, New York, on weekdays: prices, P&L and equity; risk; snapshots; retention."""
    risk_time: time = time(17, 0)
    snapshots_time: time = time(17, 30)
    retention_time: time = time(2, 0)
    proof_time: time = time(3, 0)
    proof_sessions: int = Field(default=5, ge=0)
    """Past sessions that are computed again every night and compared with what is stored."""
    settle_minutes: int = Field(default=20, ge=0, le=360)
    """Closes fetched sooner than this after the close are provisional."""
    ask_again_minutes: int = Field(default=10, ge=1, le=360)
    """How long to wait before asking again for closes that are late ..."""
    ask_again_limit: int = Field(default=18, ge=0, le=1000)
    """... and how often, before a person has to look."""
    catch_up_sessions: int = Field(default=10, ge=1)
    """A portfolio further behind than this is caught up by a run of its own, not by the daily one."""
    alert_url: SecretStr | None = None
    """Webhook that is told of failures; nobody is told when unset."""
    alert_deadline: time = time(18, 30)
    """When every portfolio should have a snapshot of today's session, New York."""
    alert_cooldown_minutes: int = Field(default=60, ge=0)
    """How long the same alert is held back after it was sent."""

    @field_validator("home", "price_file")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - keeps symlinks

    @field_validator("jwt_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < MIN_SECRET_BYTES:
            raise ValueError(
                f"give at least {MIN_SECRET_BYTES} bytes, or leave it unset: one is generated then"
            )
        return secret

    @field_validator("price_source")
    @classmethod
    def _is_known(cls, text: str) -> str:
        names = [name.strip() for name in text.split(",")]
        if not (names[0] in _STAND_ALONE and len(names) == 1) and any(name not in _VENDORS for name in names):
            raise ValueError(
                f"{text!r} is neither one of {', '.join((*_VENDORS, *_STAND_ALONE))} nor a list like polygon,yfinance"
            )
        return ",".join(names)

    @field_validator("polygon_url", "yahoo_url")
    @classmethod
    def _is_private(cls, url: str | None) -> str | None:
        if url is not None and not (url.startswith("https://") or _LOOPBACK.fullmatch(url)):
            raise ValueError("give an https URL: keys are sent to it")
        return url

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for origin in filter(None, text.split(",")):
            if not _ORIGIN.fullmatch(origin.strip()):
                raise ValueError(f"{origin.strip()!r} is no origin like https://desk.example.org")
        return text

    @model_validator(mode="before")
    @classmethod
    def _default_price_source(cls, values: dict[str, object]) -> dict[str, object]:
        has_key = values.get("POLYGON_API_KEY") or values.get("polygon_api_key")
        return {"price_source": "polygon" if has_key else "simulated"} | values

    @model_validator(mode="after")
    def _price_source_is_usable(self) -> Self:
        if self.price_source == "file" and self.price_file is None:
            raise ValueError("SIGMASIGHT_PRICE_SOURCE=file needs SIGMASIGHT_PRICE_FILE")
        if "polygon" in self.price_source.split(",") and self.polygon_api_key is None:
            raise ValueError("SIGMASIGHT_PRICE_SOURCE=polygon needs POLYGON_API_KEY")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the server this project runs itself."""
        return self.database_url is None

    def urls(self) -> DatabaseUrls:
        """Return the libpq URL of each role; starts nothing. DatabaseError when one is not known yet."""
        return database_urls(self.home, owner_url=_revealed(self.database_url), given=self.given_urls())

    def given_urls(self) -> dict[Role, str | None]:
        """Return the URLs that the environment gives for the roles beside the owner."""
        return {
            Role.INTAKE: _revealed(self.intake_url),
            Role.PIPELINE: _revealed(self.pipeline_url),
            Role.READER: _revealed(self.reader_url),
            Role.DAGSTER: _revealed(self.dagster_url),
        }

    def allowed_origins(self) -> list[str]:
        """Return the origins that browsers may call the API from."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    def jwt_key(self) -> str:
        """Return the key that signs tokens: the setting, else one generated once into `home` (0600)."""
        if self.jwt_secret is not None:
            return self.jwt_secret.get_secret_value()
        file = self.home / "jwt_secret"
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not file.exists():
            _create_once(file, secrets.token_urlsafe(48))
        return file.read_text(encoding="ascii").strip()


def _create_once(file: Path, text: str) -> None:
    """Write a private file; of concurrent writers the first one wins, and nobody ever reads half a file."""
    draft = file.with_name(f"{file.name}.{os.getpid()}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def settings() -> Settings:
    """Read the settings; SettingsError names what is wrong without repeating secret values."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_complaint(e["loc"], e["msg"]) for e in error.errors())) from None


def _complaint(location: tuple[int | str, ...], message: str) -> str:
    if not location:
        return message.removeprefix("Value error, ")
    name = str(location[0])
    variable = name if name.isupper() else f"SIGMASIGHT_{name.upper()}"
    return f"{variable}: {message}"
