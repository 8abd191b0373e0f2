"""Dagster asset checks: the accounting identities, portfolios that a run left out, past sessions rebuilt."""

from pipelines.checks.books import CHECKS
from pipelines.checks.rebuilt import random_sessions
"""Dagster asset checks: the accounting identities, portfolios that a run left out, and the prices."""

from pipelines.checks.books import CHECKS as BOOK_CHECKS
from pipelines.checks.market import price_checks

CHECKS = [*BOOK_CHECKS, price_checks]

__all__ = ["CHECKS", "random_sessions"]
