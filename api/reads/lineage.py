"""What has to hold of questions about where numbers come from, once it is settled what they are about."""

from datetime import datetime

from api.errors import invalid, not_found
from api.reads.answer import Check
from api.reads.clock import Moment


def of_portfolio(portfolio_id: int) -> Check:
    """Refuse a lot that is not of the portfolio it was asked about with: there is no such one (404)."""

    def check(moment: Moment) -> None:
        if moment.portfolio_id != portfolio_id:
            raise not_found("there is no such position", "position_not_found")

    return check


def since(known_from: datetime) -> Check:
    """Refuse a change that ends before it starts (422 after_end)."""

    def check(moment: Moment) -> None:
        if known_from > moment.known_at:
            end = moment.known_at.isoformat()
            raise invalid("from", "after_end", f"from {known_from.isoformat()} is after to, {end}")

    return check
