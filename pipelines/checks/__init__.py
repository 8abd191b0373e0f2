"""Dagster asset checks: the accounting identities, and portfolios that a run left out."""

from pipelines.checks.books import CHECKS

__all__ = ["CHECKS"]
