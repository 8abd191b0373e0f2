"""Checks of the prices: what is held back, what is missing before values are computed, and options after a split."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import dagster as dg

from pipelines.calc.pnl import STALE_SESSIONS
from pipelines.resources import PipelineRun

ASSET: Final = "prices"
PRICED: Final = "held_symbols_are_priced"
IN_QUARANTINE: Final = "nothing_in_quarantine"
SPLIT_OPTIONS: Final = "no_option_of_a_split_underlying"
SHOWN: Final = 20

_SPECS: Final = [
    dg.AssetCheckSpec(
        PRICED,
        asset=ASSET,
        description="Every symbol held on the last session has a close of it. A warning as long as the last one may be "
        f"carried ({STALE_SESSIONS} sessions, stale), an error beyond (unpriced).",
    ),
    dg.AssetCheckSpec(
        IN_QUARANTINE,
        asset=ASSET,
        description="Nothing that a vendor told waits for a decision (`sigmasight quarantine`).",
    ),
    dg.AssetCheckSpec(
        SPLIT_OPTIONS,
        asset=ASSET,
        description="No option is held whose underlying has been split since: the exchange has changed its terms.",
    ),
]


@dg.multi_asset_check(name="prices_checks", specs=_SPECS, can_subset=True)
def price_checks(context: dg.AssetCheckExecutionContext, run: PipelineRun) -> Iterator[dg.AssetCheckResult]:
    """Look at the last session of the run."""
    selected = {key.name for key in context.selected_asset_check_keys}
    ranged = context.has_partition_key_range or context.has_partition_key
    session = date.fromisoformat(context.partition_key_range.end) if ranged else run.latest_session()
    with run.database.transaction():
        for name, check in ((PRICED, _priced), (IN_QUARANTINE, _quarantine), (SPLIT_OPTIONS, _split_options)):
            if name in selected:
                yield check(run, session)


def _priced(run: PipelineRun, session: date) -> dg.AssetCheckResult:
    rows = run.database.rows("market/held_without_close", {"session": session})
    late = [f"{symbol} (last {last}, {age} sessions old)" for symbol, last, age in rows if _is_stale(age)]
    gone = [f"{symbol} (last {last or 'never'})" for symbol, last, age in rows if not _is_stale(age)]
    told = [f"unpriced: {_names(gone)}"] * bool(gone) + [f"stale: {_names(late)}"] * bool(late)
    return _result(
        PRICED, not rows, "; ".join(told), {"stale": len(late), "unpriced": len(gone)}, is_error=bool(gone)
    )


def _is_stale(age: int | None) -> bool:
    return age is not None and age <= STALE_SESSIONS


def _quarantine(run: PipelineRun, session: date) -> dg.AssetCheckResult:
    del session
    rows = run.database.rows("market/pending")
    named = [
        f"{symbol}: {count} × {reason}, {first} to {last}" for symbol, reason, count, first, last in rows
    ]
    count = sum(row[2] for row in rows)
    return _result(IN_QUARANTINE, not rows, _names(named), {"waiting": count}, is_error=False)


def _split_options(run: PipelineRun, session: date) -> dg.AssetCheckResult:
    rows = run.database.rows("market/split_options", {"session": session})
    named = [
        f"{symbol} of portfolio {portfolio} ({ratio:g}:1 on {day})" for portfolio, symbol, day, ratio in rows
    ]
    text = f"{_names(named)}: enter the new contracts" if named else ""
    return _result(SPLIT_OPTIONS, not rows, text, {"options": len(rows)}, is_error=False)


def _names(named: list[str]) -> str:
    return ", ".join(named[:SHOWN]) + (f" and {len(named) - SHOWN} more" if len(named) > SHOWN else "")


def _result(
    name: str, passed: bool, text: str, metadata: dict[str, Any], *, is_error: bool
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=ASSET,
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=text or "nothing to see to",
        metadata=metadata,
    )
