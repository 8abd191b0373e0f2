"""Dagster asset checks: the accounting identities, portfolios that a run left out, past sessions rebuilt."""

from pipelines.checks.books import CHECKS
from pipelines.checks.rebuilt import random_sessions

__all__ = ["CHECKS", "random_sessions"]
