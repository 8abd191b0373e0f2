"""Dagster asset checks: the accounting identities, portfolios left out, past sessions rebuilt, and the prices."""

from pipelines.checks.books import CHECKS as BOOK_CHECKS
from pipelines.checks.market import price_checks
from pipelines.checks.rebuilt import random_sessions

CHECKS = [*BOOK_CHECKS, price_checks]

__all__ = ["CHECKS", "random_sessions"]
