"""The acts in the middle: the dry run, the real one, and which slices and rows it touched."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.cli.demonstration.cells import (
    Cell,
    Cells,
    in_cone,
    looked_at,
    other_inputs,
    other_rows,
    read_cells,
    read_contents,
    rows_since,
)
from pipelines.cli.demonstration.opening import Opening
from pipelines.cli.demonstration.story import Story
from pipelines.tables.specs import DERIVED

Counts = Mapping[str, Mapping[str, int]]
"""Table → slices new, changed, unchanged, and rows inserted, superseded."""


def rehearse(story: Story, opening: Opening, home: Path) -> dict[str, Any]:
    """Make the dry run, and see that it leaves nothing; returns its summary."""
    from pipelines.postgres import Role, connect

    story.step("The recomputation, tried: the real run, rolled back")
    with connect(Role.READER) as connection:
        before = read_contents(connection)
    report = home / "dry_run.json"
    story.command("backfill", "--stale", "--dry-run", "--report", str(report), shown=10)
    with connect(Role.READER) as connection:
        after = read_contents(connection)
    told = json.loads(report.read_text(encoding="utf-8"))
    summary: dict[str, Any] = told["summary"]
    story.say(
        f"{summary['differences']:,} figures would be others; the inputs hash to {summary['input_hash']}"
    )
    values = [row for row in told["rows"] if row["metric"] == "net_asset_value"]
    for row in values:
        story.say(f"net asset value of {row['session']}: {row['old']} → {row['new']} USD, Δ {row['delta']}")
    announced = {(row["portfolio_id"], row["session"]): Decimal(row["delta"]) for row in values}
    expected = {(portfolio, opening.day.isoformat()): move for portfolio, move in opening.moves.items()}
    story.claim(
        "it moves the net asset value of that session by quantity × Δ close, and of no other session",
        announced == expected,
        f"{announced}, not {expected}",
    )
    story.claim(
        f"nothing of it was stored: {len(before)} tables are as they were",
        before == after,
        ", ".join(table for table in before if before[table] != after[table]),
    )
    return summary


def apply(story: Story, opening: Opening, predicted: str, rehearsed: Mapping[str, Any]) -> None:
    """Recompute what is stale, held to the inputs of the dry run, and see that nothing else was touched."""
    story.step("The recomputation: what is stale, and no more")
    printed = story.command("backfill", "--stale", "--expect", rehearsed["input_hash"])
    found = re.search(r"\(run ([0-9a-f-]+)\)", printed)
    run_id = "" if found is None else found[1]
    counts = looked_at(run_id)
    story.claim(
        "slice by slice and row by row it did what the dry run said",
        counts == rehearsed["slices"],
        f"{counts}, not {rehearsed['slices']}",
    )
    compare(story, opening, predicted, counts)
    story.claim("nothing is stale any more", "nothing is stale" in story.command("impact"))


def compare(story: Story, opening: Opening, predicted: str, counts: Counts) -> None:
    """Claim changed ⊆ recomputed ⊆ predicted, of slices and of rows."""
    from pipelines.postgres import Role, connect

    before = opening.cells
    with connect(Role.READER) as connection:
        after, written, contents = (
            read_cells(connection),
            rows_since(connection, opening.known_at),
            read_contents(connection),
        )
    cone, made_anew, changed = (
        in_cone(before, predicted),
        other_inputs(before, after),
        other_rows(before, after),
    )
    rows = {f"analytics.{spec.name}": contents[spec.qualified].rows for spec in DERIVED}
    story.quote(table(before, cone, counts, changed, rows))
    looked = {asset: count["new"] + count["changed"] + count["unchanged"] for asset, count in counts.items()}
    per_asset = Counter(asset for asset, *_ in cone)
    story.claim(
        f"recomputed ⊆ predicted: {sum(looked.values()):,} of the {len(cone):,} predicted slices were recomputed",
        all(looked[asset] <= per_asset[asset] for asset in looked) and made_anew <= cone,
        _named(made_anew - cone),
    )
    story.claim(
        f"changed ⊆ recomputed: {len(made_anew):,} have other inputs, {len(changed):,} of them other rows",
        changed <= made_anew and all(count["changed"] <= looked[asset] for asset, count in counts.items()),
        _named(changed - made_anew),
    )
    story.claim(
        f"{sum(new for new, _ in written.values()):,} rows were written and as many superseded, in changed slices "
        "alone: every other row is the one that was there",
        written.keys() == changed and all(new == old for new, old in written.values()),
        _named(written.keys() ^ changed),
    )
    outside = before.keys() - cone
    story.claim(
        f"what is known of the {len(outside):,} other slices, all {_others(opening):,} of the other portfolio among "
        "them, is what it was",
        all(before[cell] == after.get(cell) for cell in outside),
        _named(cell for cell in outside if before[cell] != after.get(cell)),
    )


def _others(opening: Opening) -> int:
    """How many slices are of portfolios that do not hold the symbol."""
    return sum(
        portfolio in opening.portfolios.keys() - opening.moves.keys() for *_, portfolio in opening.cells
    )


def table(
    cells: Cells, cone: set[Cell], counts: Counts, changed: set[Cell], rows: Mapping[str, int]
) -> Iterator[str]:
    """Slices and rows by asset: stored, predicted, recomputed, changed."""
    yield f"{'':<18} {'slices':>8} {'predicted':>10} {'recomputed':>11} {'changed':>8} {'rows':>9} {'rewritten':>10}"
    total = [0] * 6
    for spec in DERIVED:
        count = counts.get(spec.name, {})
        line = [
            _of(spec.name, cells),
            _of(spec.name, cone),
            sum(count.get(kind, 0) for kind in ("new", "changed", "unchanged")),
            _of(spec.name, changed),
            rows[f"analytics.{spec.name}"],
            count.get("rows_inserted", 0),
        ]
        total = [so_far + more for so_far, more in zip(total, line, strict=True)]
        yield _line(spec.name, line)
    yield _line("in all", total)


def _line(name: str, numbers: Iterable[int]) -> str:
    widths = (8, 10, 11, 8, 9, 10)
    return f"{name:<18} " + " ".join(f"{n:>{w},}" for n, w in zip(numbers, widths, strict=True))


def _of(asset: str, cells: Iterable[Cell]) -> int:
    return sum(name == asset for name, *_ in cells)


def _named(cells: Iterable[Cell]) -> str:
    found = sorted(cells)
    return ", ".join(f"{asset} {day} portfolio {portfolio}" for asset, day, portfolio in found[:5])
