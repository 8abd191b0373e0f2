"""yfinance, set up for a service: errors are raised, caches lie in a folder of ours, the host can be another one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from pipelines.sources.pace import Pace, Retries
from pipelines.sources.vendor import CannotAnswerError, OutageError

NAME: Final = "yfinance"
_T = TypeVar("_T")
TROUBLE: Final = (OSError, ValueError, LookupError, TypeError, AttributeError)
"""What yfinance lets through when an answer is late, broken or of another shape."""


class UnknownSymbolError(CannotAnswerError):
    """The vendor has no such symbol."""


class Library:
    """yfinance's tickers, and calls to them that are tried again."""

    def __init__(
        self, base_url: str | None, cache: Path | None, pace: Pace, retries: Retries, timeout: float
    ) -> None:
        self._base_url, self._cache, self._timeout = base_url, cache, timeout
        self._pace, self._retries = pace, retries
        self._session: Any = None

    def ticker(self, name: str) -> Any:
        """Return yfinance's ticker; sets the library up on first use."""
        import yfinance

        if self._session is None:
            yfinance.config.debug.hide_exceptions = False
            if self._cache is not None:
                self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
                yfinance.set_tz_cache_location(str(self._cache))
            self._session = _session(self._base_url, self._timeout)
        return yfinance.Ticker(name, session=self._session)

    def tried(self, ask: Callable[[], _T]) -> _T:
        """What a call answers. Raises UnknownSymbolError, CannotAnswerError (nonsense), OutageError (no answer)."""
        from yfinance.exceptions import YFException, YFRateLimitError, YFTickerMissingError

        failures = 0
        while True:
            self._pace.wait()
            try:
                return ask()
            except YFTickerMissingError as error:
                raise UnknownSymbolError(f"{NAME}: {_first_line(error)}") from None
            except YFRateLimitError as error:
                trouble: Exception = error
            except (YFException, *TROUBLE) as error:
                if _status(error) == 404:
                    raise UnknownSymbolError(f"{NAME}: unknown symbol") from None
                trouble = error
            failures += 1
            pause = self._retries.pause(failures, None)
            if pause is None:
                raise _given_up(trouble, failures, isinstance(trouble, (YFRateLimitError, OSError))) from None
            self._pace.sleep(pause)


def _given_up(trouble: Exception, failures: int, is_outage: bool) -> Exception:
    text = f"{NAME}: {_first_line(trouble)}, {failures} times in a row"
    return (
        OutageError(f"{text}; run again later to go on from here") if is_outage else CannotAnswerError(text)
    )


def _first_line(error: Exception) -> str:
    """Say what kind of trouble it was; of the library's own errors, in its words."""
    from yfinance.exceptions import YFException

    if isinstance(error, YFException):
        return str(error).splitlines()[0][:200]
    status = _status(error)
    return f"it answered {status}" if status else f"it gave no usable answer ({type(error).__name__})"


def _status(error: Exception) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None) or None


def _session(base_url: str | None, timeout: float) -> Any:
    """A session as yfinance makes its own; with a base URL everything goes there instead of to Yahoo's hosts."""
    from curl_cffi import requests

    if base_url is None:
        return requests.Session(impersonate="chrome")
    base = base_url.rstrip("/")

    def elsewhere(session: Any, method: Any, url: str, **options: Any) -> Any:
        parts = urlsplit(url)
        moved = f"{base}{parts.path}" + (f"?{parts.query}" if parts.query else "")
        return requests.Session.request(session, method, moved, **(options | {"timeout": timeout}))

    redirected: Any = type("RedirectedSession", (requests.Session,), {"request": elsewhere})
    return redirected(impersonate="chrome")
