"""What stands between the vendor's client library and the network: pacing, retries, and errors that say what to do.

The client's own retries ignore Retry-After and its own timeouts are not passed on, and it takes an answer that is not
JSON for an empty one. So its connection pool is replaced by a `Transport`, which hands it nothing but good answers.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from pipelines.sources.pace import Pace, Retries, seconds_of
from pipelines.sources.vendor import CannotAnswerError, OutageError, RefusedError

RETRIED: Final = frozenset({408, 413, 425, 429, 499, 500, 502, 503, 504})
NAME: Final = "polygon"
_SHOWN: Final = 200


class Transport:
    """A connection pool for the client: `request` returns complete JSON answers of status 200, or raises.

    Raises RefusedError (the key), CannotAnswerError (this question), OutageError (nothing helped).
    """

    def __init__(self, pool: Any, secret: str, pace: Pace, retries: Retries, timeout: Any) -> None:
        self.calls = 0
        self._pool, self._secret, self._pace, self._retries = pool, secret, pace, retries
        self._timeout = timeout
        self._seen: set[str] = set()
        self._ticker: str | None = None

    @contextmanager
    def question(self, ticker: str | None = None) -> Iterator[None]:
        """One question of one or more pages: no page twice, and all of them about `ticker` if given."""
        self._seen, self._ticker = set(), ticker
        yield

    def request(
        self,
        method: str,
        url: str,
        fields: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Make one request, again and again if need be."""
        page = f"{url}?{sorted((fields or {}).items())}"
        if page in self._seen:
            raise CannotAnswerError(f"{NAME}: the pages of an answer go round in circles")
        self._seen.add(page)
        failures = 0
        while True:
            self._pace.wait()
            self.calls += 1
            response, trouble, retry_after = self._once(method, url, fields, headers)
            if response is not None:
                return response
            failures += 1
            pause = self._retries.pause(failures, retry_after)
            if pause is None:
                raise OutageError(
                    f"{NAME}: {trouble}, {failures} times in a row; run again later to go on from here"
                )
            self._pace.sleep(pause)

    def _once(
        self, method: str, url: str, fields: Mapping[str, Any] | None, headers: Mapping[str, str] | None
    ) -> tuple[Any, str, float | None]:
        """The response, or what is wrong with it and when to come back."""
        from urllib3.exceptions import HTTPError
        from urllib3.exceptions import TimeoutError as NoAnswer

        try:
            response = self._pool.request(
                method,
                url,
                fields=fields,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=self._timeout,
            )
        except NoAnswer:
            return None, "it did not answer in time", None
        except HTTPError as error:
            return None, f"the connection failed ({type(error).__name__})", None
        if response.status in RETRIED:
            return None, f"it answered {response.status}", seconds_of(response.headers.get("Retry-After"))
        if response.status != 200:
            raise self._refusal(response.status, response.data, urlsplit(url).path)
        try:
            body = json.loads(response.data)
        except ValueError:
            return None, "it answered with something that is no JSON", None
        if not isinstance(body, dict):
            return None, "it answered with JSON of another shape", None
        self._check(body, fields)
        return response, "", None

    def _check(self, body: dict[str, Any], fields: Mapping[str, Any] | None) -> None:
        if body.get("status") == "ERROR":
            raise CannotAnswerError(f"{NAME}: {self._told(body)}")
        if not isinstance(body.get("results", []), list):
            raise CannotAnswerError(f"{NAME}: the results are no list")
        if str((fields or {}).get("adjusted", "")) == "false" and body.get("adjusted") is True:
            raise CannotAnswerError(f"{NAME}: split-adjusted prices came where raw ones were asked for")
        if self._ticker and body.get("ticker", self._ticker) != self._ticker:
            raise CannotAnswerError(f"{NAME}: it answered for {body['ticker']}: renamed?")

    def _refusal(self, status: int, data: bytes, path: str) -> Exception:
        try:
            body = json.loads(data)
        except ValueError:
            body = {}
        told = self._told(body if isinstance(body, dict) else {})
        if status == 401:
            return RefusedError(f"{NAME}: the key in POLYGON_API_KEY is not accepted ({told})")
        if status == 403:
            return CannotAnswerError(f"{NAME}: the plan of this key does not cover it ({told})")
        return CannotAnswerError(
            f"{NAME}: answered {status} for {path.replace(self._secret, '***')} ({told})"
        )

    def _told(self, body: Mapping[str, Any]) -> str:
        text = str(body.get("message") or body.get("error") or "no reason given")
        return text.replace(self._secret, "***")[:_SHOWN]
