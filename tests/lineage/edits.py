"""What users and vendors may change of any book: each is applied to a world, and takes effect with its next run."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tests.steps.world import World


@dataclass(frozen=True)
class Edit:
    """A change of an input. cause: the group of inputs it is of, as a waterfall names it."""

    name: str
    cause: str
    apply: Callable[[World], None]

    def __call__(self, world: World) -> None:
        self.apply(world)

    def __repr__(self) -> str:
        return self.name


def of_book(name: str, cause: str, statement: str) -> Edit:
    return Edit(name, cause, lambda world: world.edit_book(statement))


def of_price(symbol: str, day: date, close: float) -> Edit:
    def apply(world: World) -> None:
        world.source = world.source.restated({(symbol, day): close})

    return Edit(f"{symbol} {day} {close}", "prices", apply)


EDITS = (
    of_price("AAA", date(2024, 1, 3), 50.13),
    of_price("AAA", date(2023, 12, 27), 8.01),
    of_price("BBB", date(2024, 1, 5), 99.99),
    of_book("more equity", "terms", "update book.portfolios set initial_equity = initial_equity + 1234.5678"),
    of_book("later flows", "flows", "update book.cash_flows set amount = amount * 2"),
    of_book("a new flow", "flows",
            "insert into book.cash_flows select id, '2024-01-02', -77 from book.portfolios on conflict do nothing"),
    of_book("larger lots", "positions", "update book.positions set quantity = quantity * 3"),
    of_book("dearer lots", "positions", "update book.positions set entry_price = entry_price + 0.5"),
    of_book("other multipliers", "multipliers", "update book.positions set multiplier = 7"),
    of_book("other marks", "marks", "update book.private_marks set price = price * 1.5"),
    of_book("overridden closes", "overrides",
            "insert into book.price_overrides select distinct portfolio_id, symbol, date '2024-01-03', 44.5"
            " from book.positions where asset_class <> 'PRIVATE' on conflict do nothing"),
    of_book("other overrides", "overrides", "update book.price_overrides set price = price + 1"),
    of_book("no overrides", "overrides", "delete from book.price_overrides"),
)  # fmt: skip
