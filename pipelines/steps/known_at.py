"""At which instants the inputs of a step are known: one for all of a run, or one by group of inputs.

A run reads everything as known at one instant. To tell what a change of an input does to a number, the very same
steps are run on a mixture: some groups as known at an earlier instant, the others as known at a later one.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime

Instant = datetime | None
"""None: now, whatever was committed last."""


@dataclass(frozen=True)
class PricesAt:
    """Closes as known at `at`; of the symbols named here as known at `then`.

    splits: the instant of all splits.
    first_seen: rows that were unknown at `at` are added, those known at `at` stay. replaced: all rows are those of
    `then`; such a symbol need not be first_seen too.
    """

    at: Instant = None
    then: Instant = None
    first_seen: frozenset[str] = frozenset()
    replaced: frozenset[str] = frozenset()
    splits: Instant = None


@dataclass(frozen=True)
class KnownAt:
    """The instant of each group of inputs.

    terms: initial equity and inception. positions: lots, but for the multipliers of those that `multipliers` knows,
    too. marks: of private holdings. overrides: of closes, by portfolio.
    """

    terms: Instant = None
    flows: Instant = None
    positions: Instant = None
    multipliers: Instant = None
    marks: Instant = None
    overrides: Instant = None
    short_interest: Instant = None
    prices: PricesAt = PricesAt()

    @staticmethod
    def of(known_at: "Instant | KnownAt") -> "KnownAt":
        """Everything as known at one instant; what is one already stays as it is."""
        if isinstance(known_at, KnownAt):
            return known_at
        groups = [field.name for field in fields(KnownAt) if field.name != "prices"]
        return KnownAt(**dict.fromkeys(groups, known_at), prices=PricesAt(known_at, splits=known_at))

    @property
    def of_book(self) -> tuple[Instant, ...]:
        """The instants of what lots and their own prices are made of; None among them: that may still change."""
        return self.terms, self.positions, self.multipliers, self.marks, self.overrides

    def with_prices(self, prices: PricesAt) -> "KnownAt":
        """Return the same with other closes."""
        return replace(self, prices=prices)


NOW = KnownAt()
"""Everything as committed last."""
