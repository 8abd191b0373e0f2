"""The users at their desk: whatever they do goes through the intake, each time in a commit of its own."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg

from api.intake import entries, revise, trades, withdraw
from api.intake.differences import StoredLot, Terms
from api.intake.errors import IntakeError
from api.intake.import_positions import import_portfolio
from api.intake.multipliers import correct_multipliers
from pipelines.sources.csv_errors import CsvFileError
from sql import query
from tests.restatement.vendor import CALL, PUT
from tests.steps.world import World

USER = 1
HEADER = "ticker,quantity,entry_price,entry_date,asset_class,exit_date,exit_price,multiplier"
BOOKS = (
    (
        "first", Decimal(1_000_000), date(2023, 12, 18),
        f"""AAA,1000,50.25,2023-12-01,,,,
BBB,-350,99.99,2023-12-23,,,,
{CALL},5,2.5,2023-12-20,,,,1
ACME,100,5,2023-12-27,PRIVATE,,,
SPY,20,40.5,2024-01-04,,,,""",
    ),
    (
        "second", Decimal("250000.5"), date(2023, 12, 20),
        f"""{PUT},-7,1.5,2023-12-20,,,,
BBB,100,10,2023-12-21,,2024-01-01,12.5,
AAPL,30,150,2023-12-22,,,,
ACME,40,6,2023-12-22,PRIVATE,,,
NOPE,10,7,2024-01-03,,,,""",
    ),
    ("third", Decimal(5000), date(2024, 1, 2), "CCC,100,12.25,2023-12-28,,,,\nAAA,-20,55,2024-01-03,,,,"),
)  # fmt: skip
"""Name, initial equity, inception and lots of the books: inherited, private, options, one that never has a price."""

Correction = tuple[int, str, Any]
"""Which lot (modulo their number), what of it, and the new value or the factor."""


@dataclass
class Desk:
    """today, latest: the last closed session, which is the day of all entries."""

    world: World
    today: date

    def try_to(self, act: Callable[[], object]) -> str:
        """Do it in one transaction; what is refused, or has to wait for a run, leaves nothing. Returns how it went."""
        try:
            with self.world.intake.transaction():
                act()
        except (IntakeError, CsvFileError) as error:
            return f"refused: {error}".splitlines()[0]
        except psycopg.errors.LockNotAvailable:
            return "a run holds the book"
        return "done"

    def upload_book(self, number: int) -> None:
        name, equity, inception, lots = BOOKS[number]
        data = f"{HEADER}\n{lots}\n".encode()
        import_portfolio(self.world.intake, "owner", name, f"{name}.csv", data, self.today, equity, inception)

    def open_lot(self, portfolio: int, cells: dict[str, object]) -> None:
        trades.open_lot(self.world.intake, self._asked(), portfolio, cells)

    def close_lot(self, portfolio: int, which: int, day: date, price: Decimal | None, part: Decimal) -> None:
        """Sell a lot that is held, or a part of it: a fraction of its quantity."""
        held = [lot for lot in self._lots(portfolio) if lot.terms.exit_date is None]
        if held:
            lot = held[which % len(held)]
            quantity = None if part == 1 else abs(lot.terms.quantity) * part
            trades.close_lot(self.world.intake, self._asked(), lot.id, day, price, quantity)

    def correct(self, portfolio: int, corrections: Sequence[Correction]) -> None:
        """Upload the book anew with some lots corrected, left out or doubled."""
        rows = [_cells(lot.terms) for lot in self._lots(portfolio)]
        gone, twice = set(), []
        for which, what, value in corrections if rows else ():
            at = which % len(rows)
            if what == "void":
                gone.add(at)
            elif what == "double":
                twice.append(rows[at])
            else:
                old = rows[at].get(what)
                rows[at] = rows[at] | {what: old * value if isinstance(old, Decimal) else value}
                if what == "exit_date":
                    rows[at]["exit_price"] = None
        data = _file([row for at, row in enumerate(rows) if at not in gone] + twice)
        intake = self.world.intake
        seen = revise.prepare(intake, USER, portfolio, data, self.today)
        if seen.changes:
            revise.apply(intake, seen, seen.confirm, data, "again.csv", self.today)

    def withdraw(self, portfolio: int) -> None:
        """Withdraw the newest upload that can be."""
        intake = self.world.intake
        found = intake.execute(
            "select max(id) from book.uploads u where portfolio_id = %s"
            " and not exists (select from book.withdrawals w where w.upload_id = u.id)",
            [portfolio],
        ).fetchone()
        if found is not None and found[0] is not None:
            seen = withdraw.prepare(intake, USER, found[0])
            withdraw.apply(intake, seen, seen.confirm, self.today)

    def put_flow(self, portfolio: int, day: date, amount: Decimal) -> None:
        entries.put_flow(self.world.intake, self._place(portfolio), day, amount)

    def delete_flow(self, portfolio: int, which: int) -> None:
        found = self._days("book.cash_flows", portfolio)
        if found:
            entries.delete_flow(self.world.intake, self._place(portfolio), found[which % len(found)])

    def put_mark(self, portfolio: int, day: date, price: Decimal) -> None:
        entries.put_mark(self.world.intake, self._place(portfolio), "ACME", day, price)

    def delete_mark(self, portfolio: int, which: int) -> None:
        found = self._days("book.private_marks", portfolio)
        if found:
            day = found[which % len(found)]
            entries.delete_mark(self.world.intake, self._place(portfolio), "ACME", day)

    def correct_equity(self, portfolio: int, equity: Decimal) -> None:
        """Nothing in the intake corrects it yet: what an operator does."""
        self.world.intake.execute(query("store/begin_commit"), {"run_id": None, "action": "equity"})
        self.world.intake.execute(
            "update book.portfolios set initial_equity = %s where id = %s", [equity, portfolio]
        )

    def correct_multipliers(self) -> None:
        """Give options that were entered with multiplier 1 the usual one."""
        found = self.world.intake.execute(
            "select id from book.positions where asset_class = 'OPTION' and multiplier = 1"
        )
        correct_multipliers(self.world.intake, [row[0] for row in found], Decimal(100))

    def _asked(self) -> trades.Asked:
        return trades.Asked(USER, self.today, self.today, None, "")

    def _place(self, portfolio: int) -> entries.Place:
        return entries.Place(USER, portfolio, self.today, self.today)

    def _lots(self, portfolio: int) -> list[StoredLot]:
        found = self.world.intake.execute(query("intake/lots"), {"portfolio_id": portfolio})
        return [StoredLot.of(row) for row in found]

    def _days(self, table: str, portfolio: int) -> list[date]:
        column = "flow_date" if table == "book.cash_flows" else "mark_date"
        found = self.world.intake.execute(
            f"select {column} from {table} where portfolio_id = %s order by 1", [portfolio]
        )
        return [row[0] for row in found]


def _cells(terms: Terms) -> dict[str, Any]:
    return {
        "ticker": terms.symbol,
        "quantity": terms.quantity,
        "entry_price": terms.entry_price,
        "entry_date": terms.entry_date,
        "asset_class": terms.asset_class,
        "exit_date": terms.exit_date,
        "exit_price": terms.exit_price,
        "multiplier": terms.multiplier,
    }


def _file(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER.split(","))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
