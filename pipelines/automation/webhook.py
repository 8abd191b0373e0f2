"""Delivery of a payload to the webhook, and what must not leave in one."""

import json
import re
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from pipelines.errors import SigmaSightError
from pipelines.postgres.credentials import url_parts
from pipelines.settings import Settings

TIMEOUT_SECONDS: Final = 5.0
MOST_CHARACTERS: Final = 4000
_HIDDEN: Final = "***"
_CREDENTIALS: Final = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_NAMED: Final = re.compile(r"(?i)\b(api_?key|token|secret|password)(\s*[=:]\s*)[^\s&,;\"']+")


def post(url: str, payload: dict[str, Any], timeout: float = TIMEOUT_SECONDS) -> str | None:
    """POST a payload as JSON; returns None when it was taken, else why not, without the URL (it is a secret)."""
    if not url.startswith(("http://", "https://")):
        return "SIGMASIGHT_ALERT_URL is no http(s) URL"
    body = json.dumps(payload).encode()
    request = Request(url, data=body, headers={"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with urlopen(request, timeout=timeout) as answer:  # noqa: S310 - the scheme is checked above
            answer.read()
    except HTTPError as error:
        return f"the alert receiver answered {error.code}"
    except (URLError, OSError, ValueError) as error:
        return f"the alert receiver cannot be reached: {type(error).__name__}"
    return None


def without_secrets(payload: dict[str, Any], chosen: Settings) -> dict[str, Any]:
    """Return the payload with every secret of the settings, and what looks like one, hidden; texts bounded."""
    known = secrets_of(chosen)
    return {
        name: _scrub(value, known)[:MOST_CHARACTERS] if isinstance(value, str) else value
        for name, value in payload.items()
    }


def secrets_of(chosen: Settings) -> list[str]:
    """Every secret value the process knows, longest first."""
    given = (chosen.polygon_api_key, chosen.jwt_secret, chosen.alert_url, chosen.database_url)
    found = {secret.get_secret_value() for secret in given if secret is not None}
    try:
        urls = chosen.urls()
        for url in (urls.owner, urls.intake, urls.pipeline, urls.reader, urls.dagster):
            found |= {url, url_parts(url).get("password", "")}
    except SigmaSightError:
        pass  # no database yet: no passwords
    return sorted((secret for secret in found if secret), key=len, reverse=True)


def _scrub(text: str, known: list[str]) -> str:
    for secret in known:
        text = text.replace(secret, _HIDDEN)
    return _NAMED.sub(rf"\1\2{_HIDDEN}", _CREDENTIALS.sub(_HIDDEN, text))
