"""Every route behind a login: a good request, whose answer it is, and one that is malformed."""

from dataclasses import dataclass, field
from typing import Any

from tests.api.desk import SAMPLE

NOWHERE = 987654
"""An id of nothing."""

LOT = {"symbol": "XOM", "quantity": 10, "entry_price": 100.5, "entry_date": "2024-03-04"}
EXIT = {"exit_date": "2024-04-08", "exit_price": 170}
FILES = {"files": {"file": ("book.csv", SAMPLE)}}
CHANGE = {"session": "2024-03-04", "from": "2024-03-05T12:00:00Z", "to": "2024-03-06T12:00:00Z"}
METRIC = {"metric": "cash", "session": "2024-03-04", "from": "2024-03-05T12:00:00Z"}
RANGE = {"start": "2024-04-01", "end": "2024-04-30"}


@dataclass(frozen=True)
class Route:
    """`{portfolio_id}`, `{position_id}`, `{upload_id}`, `{tag_id}`, `{request_id}` stand for what ann owns.

    given: what a good request sends. bad: what is wrong instead, merged into it, and the field it names.
    foreign: the code when the thing is another user's, or nowhere; None: an administrator's route, or about oneself.
    """

    method: str
    path: str
    status: int = 200
    given: dict[str, Any] = field(default_factory=dict)
    bad: dict[str, Any] = field(default_factory=lambda: {"params": {"as_of": "soon"}})
    wrong: str = "as_of"
    foreign: str | None = "portfolio_not_found"
    is_admins: bool = False

    @property
    def by_portfolio(self) -> bool:
        """Whether the portfolio is named in the query."""
        return self.foreign == "portfolio_not_found" and "{portfolio_id}" not in str(self.given)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _read(path: str, foreign: str = "portfolio_not_found") -> Route:
    return Route("GET", path, foreign=foreign)


def _entry(method: str, path: str, status: int, body: Any, bad: Any, wrong: str, foreign: str) -> Route:
    return Route(method, path, status, {"json": body}, {"json": bad}, wrong, foreign)


FLOW, MARK = "/portfolio/flows/2024-03-04", "/portfolio/marks/ACME/2024-03-04"
OVERRIDE = "/portfolio/price-overrides/AAPL/2024-03-04"

ROUTES = (
    _read("/portfolio"),
    _read("/portfolio/history"),
    _read("/portfolio/attribution"),
    _read("/portfolio/uploads"),
    _read("/portfolio/flows"),
    _read("/portfolio/marks"),
    _read("/portfolio/price-overrides"),
    _read("/positions"),
    _read("/positions/{position_id}", "position_not_found"),
    _read("/positions/{position_id}/history", "position_not_found"),
    _read("/positions/{position_id}/tags", "position_not_found"),
    _read("/risk/greeks"),
    _read("/risk/metrics"),
    _read("/risk/factors"),
    _read("/risk/factors/covariance"),
    _read("/lineage/restatements"),
    _read("/tags"),
    Route(
        "GET", "/lineage/snapshots/2024-03-04", bad={"params": {"known_at": "soon"}}, wrong="known_at"
    ),
    Route(
        "GET", "/lineage/why", given={"params": METRIC}, bad={"params": {"from": "then"}}, wrong="from"
    ),
    _entry(
        "POST", "/lineage/why", 202, CHANGE | {"portfolio_id": "{portfolio_id}"}, {"from": "then"}, "from",
        "portfolio_not_found",
    ),
    Route(
        "POST", "/portfolio/upload", 200, FILES | {"data": {"portfolio_id": "{portfolio_id}"}},
        {"data": {"portfolio_id": "x"}}, "portfolio_id", "portfolio_not_found",
    ),
    _entry(
        "POST", "/portfolio/uploads/{upload_id}/withdraw", 200, {}, {"confirm": "yes"}, "confirm", "upload_not_found"
    ),
    _entry("POST", "/positions", 202, LOT, LOT | {"quantity": "x"}, "quantity", "portfolio_not_found"),
    _entry(
        "POST", "/positions/{position_id}/exit", 202, EXIT, EXIT | {"exit_date": "x"}, "exit_date", "position_not_found"
    ),
    _entry("PUT", FLOW, 202, {"amount": 5}, {"amount": "x"}, "amount", "portfolio_not_found"),
    Route("DELETE", FLOW, 202, bad={"params": {"as_of": "2024-03-04"}}),
    _entry("PUT", MARK, 202, {"price": 5}, {"price": "x"}, "price", "portfolio_not_found"),
    Route("DELETE", MARK, 202, bad={"params": {"as_of": "2024-03-04"}}),
    _entry("PUT", OVERRIDE, 202, {"price": 5}, {"price": "x"}, "price", "portfolio_not_found"),
    Route("DELETE", OVERRIDE, 202, bad={"params": {"as_of": "2024-03-04"}}),
    Route("POST", "/tags", 201, {"json": {"name": "new"}}, {"json": {"name": ""}}, "name", None),
    _entry("PUT", "/tags/{tag_id}", 200, {"name": "new"}, {"color": "red"}, "color", "tag_not_found"),
    Route("DELETE", "/tags/{tag_id}", 204, bad={"params": {"as_of": "x"}}, foreign="tag_not_found"),
    _entry(
        "PUT", "/positions/{position_id}/tags", 200, {"tag_ids": []}, {"tag_ids": 1}, "tag_ids", "position_not_found"
    ),
    Route("GET", "/admin/runs/{request_id}", foreign="request_not_found"),
    Route("GET", "/admin/status", foreign=None, is_admins=True),
    Route(
        "POST", "/admin/daily-update", 202, {"json": {}}, {"json": {"session": "x"}}, "session", None, is_admins=True
    ),
    Route(
        "POST", "/admin/recalculate", 202, {"json": RANGE}, {"json": RANGE | {"end": "x"}}, "end", None, is_admins=True
    ),
)  # fmt: skip
