"""What the recomputation of a table says of its entries: broken, stale or proven."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from pipelines.calc.types import BoolArray
from pipelines.sessions import index_on_or_before
from pipelines.tables.specs import POSITION_PNL, RISK_METRICS, ROLLED_EQUITY
from pipelines.verify.causes import Changes, changed_since
from pipelines.verify.digests import Digests
from pipelines.verify.entries import Entries, code_at
from pipelines.verify.findings import Finding, group
from pipelines.verify.recompute import Recomputed

_CHECK: Final = "recomputation"
_GO_ON: Final = (POSITION_PNL.name, ROLLED_EQUITY.name)
"""Tables whose rows start from the row of the session before."""


def judge(
    result: Recomputed, proofs: dict[str, Digests], changes: Changes
) -> tuple[list[Finding], BoolArray]:
    """Findings of a recomputed table, and which of its entries are stale, (n,).

    Other inputs are stale only if an input did change after the slice was computed, or the row it went on from is
    stale; else its hash was altered.
    """
    entries, spec = result.entries, result.entries.spec
    altered = np.isin(entries.codes, proofs[spec.name].altered_codes)
    changed = changed_since(changes, spec, proofs)
    if spec is RISK_METRICS:
        changed |= _other_setting(result)
    mixed, unproven = entries.code_was_mixed(), _unproven(result)
    old_code = (entries.code_version != spec.code_version) & ~mixed
    differs = (result.other_inputs | ~result.seen) & ~unproven & ~old_code
    stale = differs & changed
    if spec.name in _GO_ON:
        stale |= differs & _after(stale | old_code, entries)
    wrong = differs & ~stale
    same = result.seen & ~result.other_inputs & ~old_code & ~altered & ~mixed
    findings = [
        *_broken(result, mixed, "the code version is not the one its run computed with"),
        *_broken(
            result, wrong & result.seen, "the input hash is not that of its inputs, which never changed"
        ),
        *_broken(result, wrong & ~result.seen & ~altered, "no computation gives this slice"),
        *_broken(result, same & result.other_rows, "the same inputs give other rows"),
        *_stale(result, old_code, f"computed by other code than version {spec.code_version}"),
        *_stale(result, stale & ~altered, "its inputs have changed since it was computed"),
        *_not_proven(result),
    ]
    is_stale: BoolArray = old_code | stale | unproven
    return findings, is_stale


def _after(stale: BoolArray, entries: Entries) -> BoolArray:
    """Entries of a session after a stale one of the same portfolio."""
    portfolios, row = np.unique(entries.portfolio_id, return_inverse=True)
    ix = index_on_or_before(entries.session)
    first = np.full(len(portfolios), np.iinfo(np.int64).max)
    np.minimum.at(first, row[stale], ix[stale])
    after: BoolArray = ix > first[row]
    return after


def _broken(result: Recomputed, which: BoolArray, detail: str) -> Iterator[Finding]:
    for code in result.entries.codes[which].tolist():
        session, portfolio_id = code_at(code)
        item, difference = result.named.get(code, ("", ""))
        text = f"{detail}: {difference}" if difference else detail
        yield Finding("broken", _CHECK, result.entries.spec.name, session, portfolio_id, item or None, text)


def _stale(result: Recomputed, which: BoolArray, detail: str) -> list[Finding]:
    entries = result.entries
    return group(
        "stale", _CHECK, entries.spec.name, entries.session[which], entries.portfolio_id[which], detail
    )


def _unproven(result: Recomputed) -> BoolArray:
    """Entries that were not reached because of what else is wrong."""
    if result.failure is not None:
        return ~result.seen
    left_out = np.array(sorted(result.unproven), dtype=np.int64)
    unproven: BoolArray = ~result.seen & np.isin(result.entries.portfolio_id, left_out)
    return unproven


def _other_setting(result: Recomputed) -> BoolArray:
    """Entries of runs none of whose slices have the inputs of today: the risk-free rate is an input, too."""
    same = result.entries.run[result.seen & ~result.other_inputs]
    other: BoolArray = ~np.isin(result.entries.run, same)
    return other


def _not_proven(result: Recomputed) -> list[Finding]:
    spec = result.entries.spec
    if result.failure is not None:
        reason = f"could not be recomputed: {result.failure}"
        return [Finding("stale", _CHECK, spec.name, None, None, None, reason)]
    if not spec.by_portfolio:
        return []
    return [
        Finding("stale", _CHECK, spec.name, None, portfolio, None, f"could not be recomputed: {reason}")
        for portfolio, reason in sorted(result.unproven.items())
    ]
