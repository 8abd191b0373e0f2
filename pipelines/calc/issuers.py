"""Lots on the same issuer: their values net before they count as gross."""

from dataclasses import dataclass

import numpy as np

from pipelines.calc.segments import run_lengths, sum_money
from pipelines.calc.types import IntArray


@dataclass(frozen=True)
class IssuerGroups:
    """Rows of runs, grouped by issuer within each run.

    order: brings the rows of a run and issuer together, each in row order, shape (n,).   groups: where each group
    starts in that order, (G,).   runs: first group of each run, (R,), not descending.
    """

    order: IntArray
    groups: IntArray
    runs: IntArray


def group_by_issuer(issuer: IntArray, starts: IntArray) -> IssuerGroups:
    """Group rows by issuer, any number that tells issuers apart, shape (n,); starts: first row of each run (R,)."""
    run = np.repeat(np.arange(len(starts)), run_lengths(starts, len(issuer)))
    order = np.lexsort((issuer, run))
    own_run, own_issuer = run[order], issuer[order]
    changes = (own_run[1:] != own_run[:-1]) | (own_issuer[1:] != own_issuer[:-1])
    groups = np.flatnonzero(np.append(len(issuer) > 0, changes))
    return IssuerGroups(order, groups, np.searchsorted(own_run[groups], np.arange(len(starts))))


def issuer_gross(amounts: IntArray, by_issuer: IssuerGroups) -> IntArray:
    """Gross exposure netted by issuer: Σ over issuers of |Σ of its lots' values|, int64 money (R,).

    amounts: market values, or delta-adjusted ones, int64 money (n,), NULL_MONEY left out. What is long and what is
    short on one issuer set each other off, such as a stock and a put on it, by delta-adjusted values.
    """
    netted = sum_money(amounts[by_issuer.order], by_issuer.groups)
    return sum_money(np.abs(netted), by_issuer.runs)


def first_of_issuer(names: IntArray, by_issuer: IssuerGroups) -> IntArray:
    """Name of the first row of each row's run and issuer, shape (n,): the grouping, whatever issuers are called."""
    found = np.empty_like(names)
    lengths = run_lengths(by_issuer.groups, len(names))
    found[by_issuer.order] = np.repeat(names[by_issuer.order[by_issuer.groups]], lengths)
    return found
