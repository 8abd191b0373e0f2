"""What a new file changes of a book: lots matched, and each change named for what it is. No database."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from pipelines.sessions import offset, session_on_or_after
from pipelines.sources.positions_csv import PositionRow

Kind = Literal["trade", "correction", "removed", "label", "restored"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a lot is, as a file can say it. Tags sorted."""

    symbol: str
    asset_class: str
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    exit_date: date | None
    exit_price: Decimal | None
    multiplier: Decimal
    name: str | None
    tags: tuple[str, ...]

    @classmethod
    def of(cls, row: PositionRow) -> "Terms":
        """Return the terms of a file's row."""
        return cls(
            row.instrument.symbol,
            str(row.instrument.asset_class),
            row.quantity,
            row.entry_price,
            row.entry_date,
            row.exit_date,
            row.exit_price,
            row.multiplier,
            row.name,
            tuple(sorted(row.tags)),
        )

    def unlabelled(self) -> "Terms":
        """Return the terms that decide numbers."""
        return replace(self, name=None, tags=())

    def while_held(self) -> "Terms":
        """Return the terms that decide numbers before an exit."""
        return replace(self.unlabelled(), exit_date=None, exit_price=None)


@dataclass(frozen=True, slots=True)
class StoredLot:
    """A lot of the book."""

    id: int
    terms: Terms

    @classmethod
    def of(cls, row: Sequence[Any]) -> "StoredLot":
        """Return the lot of a row of `sql/queries/intake/lots.sql`."""
        return cls(row[0], Terms(*(*row[1:-1], tuple(sorted(row[-1])))))


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `before` is None for a new lot, `after` and `row` for a removed one.

    trade: a new lot, or the exit of one. correction: the lot was meant otherwise from its beginning; its history is
    restated. removed: the lot is voided; what was known before stays in history. label: name or tags, no number.
    restored: a lot that had been removed is back, under its id.
    first_session: the first one whose figures may change; None for labels.
    """

    kind: Kind
    before: StoredLot | None
    after: Terms | None
    row: PositionRow | None
    first_session: date | None
    position_id: int | None = None
    """Of a restored lot."""

    def told(self) -> dict[str, Any]:
        """Return the change as an answer tells it."""
        terms = self.after or (self.before.terms if self.before else None)
        return {
            "kind": self.kind,
            "position_id": self.before.id if self.before else self.position_id,
            "row": self.row.row if self.row else None,
            "symbol": terms.symbol if terms else "",
            "first_session": self.first_session,
            "before": asdict(self.before.terms) if self.before else None,
            "after": asdict(self.after) if self.after else None,
        }


_KEYS: Final[Sequence[Callable[[Terms], Hashable]]] = (
    lambda terms: terms,
    Terms.unlabelled,
    Terms.while_held,
    lambda terms: (terms.symbol, terms.entry_date),
    lambda terms: (terms.symbol, terms.quantity, terms.entry_price),
)
"""What makes a row and a lot the same one, most of it first."""


def differences(
    lots: Sequence[StoredLot], rows: Sequence[PositionRow], inception: date
) -> tuple[Change, ...]:
    """Return what the file changes: changed lots in their order, then removed ones, then new ones in the file's order.

    Lots and rows that agree in most come together first; of equal ones the earliest lot with the earliest row.
    """
    open_lots, open_rows = dict.fromkeys(lots), dict.fromkeys(range(len(rows)))
    terms = [Terms.of(row) for row in rows]
    pairs: list[tuple[StoredLot, int]] = []
    for key in _KEYS:
        waiting: dict[Hashable, list[int]] = defaultdict(list)
        for place in reversed(open_rows):
            waiting[key(terms[place])].append(place)
        for lot in tuple(open_lots):
            if places := waiting.get(key(lot.terms)):
                pairs.append((lot, places.pop()))
                del open_lots[lot], open_rows[pairs[-1][1]]
    return (
        *_changed(sorted(pairs, key=lambda pair: pair[0].id), terms, rows, inception),
        *(Change("removed", lot, None, None, first_session(lot.terms, inception)) for lot in open_lots),
        *(
            Change("trade", None, terms[place], rows[place], first_session(terms[place], inception))
            for place in open_rows
        ),
    )


def _changed(
    pairs: Sequence[tuple[StoredLot, int]],
    terms: Sequence[Terms],
    rows: Sequence[PositionRow],
    inception: date,
) -> Iterator[Change]:
    for lot, place in pairs:
        before, after = lot.terms, terms[place]
        if before != after:
            kind, first = _what(before, after, inception)
            yield Change(kind, lot, after, rows[place], first)


def _what(before: Terms, after: Terms, inception: date) -> tuple[Kind, date | None]:
    if before.unlabelled() == after.unlabelled():
        return "label", None
    if before.while_held() != after.while_held():
        return "correction", min(first_session(before, inception), first_session(after, inception))
    exits = [session_on_or_after(day) for day in (before.exit_date, after.exit_date) if day is not None]
    return "trade" if before.exit_date is None else "correction", max(min(exits), _after(inception))


def first_session(terms: Terms, inception: date) -> date:
    """First session that a lot counts on."""
    return effective_session(terms.entry_date, inception)


def effective_session(day: date, inception: date) -> date:
    """Session on which what happened on a day takes effect: none at or before inception."""
    return max(session_on_or_after(day), _after(inception))


def _after(inception: date) -> date:
    return offset(inception, 1)
