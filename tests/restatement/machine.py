"""What may happen to a history, in any order: edits, restatements, runs of parts of it, interruptions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from pipelines.steps.chain import STEPS
from tests.restatement import choices as any_of
from tests.restatement import proofs
from tests.restatement.desk import BOOKS, Correction, Desk
from tests.restatement.history import History
from tests.restatement.runs import Disturbance, Order
from tests.restatement.vendor import SESSIONS, SETTLEMENTS, STOCKS, TOLD, walks
from tests.steps.memory_prices import UNIVERSE


class Restatements(History):
    """Every rule leaves a history that can be proven."""

    # What users do.

    @rule(
        who=any_of.PORTFOLIOS,
        symbol=any_of.SYMBOLS,
        quantity=any_of.QUANTITIES,
        price=any_of.PRICES,
        day=any_of.DAYS,
    )
    def opens_a_lot(self, who: int, symbol: str, quantity: Decimal, price: Decimal, day: date) -> None:
        cells: dict[str, object] = {"ticker": symbol, "quantity": quantity, "entry_price": price}
        cells["asset_class"] = "PRIVATE" if symbol == "ACME" else None
        self.edits(lambda desk: desk.open_lot(self.who(who), cells | {"entry_date": self.past(day)}))

    @rule(
        who=any_of.PORTFOLIOS, which=any_of.WHICH, day=any_of.DAYS, price=st.one_of(st.none(), any_of.PRICES),
        part=st.sampled_from([Decimal(1), Decimal("0.25")]),
    )  # fmt: skip
    def closes_a_lot(self, who: int, which: int, day: date, price: Decimal | None, part: Decimal) -> None:
        self.edits(lambda desk: desk.close_lot(self.who(who), which, self.past(day), price, part))

    @rule(who=any_of.PORTFOLIOS, corrections=st.lists(any_of.CORRECTIONS, min_size=1, max_size=3))
    def corrects_lots(self, who: int, corrections: list[Correction]) -> None:
        told = [
            (which, what, self.past(value) if isinstance(value, date) else value)
            for which, what, value in corrections
        ]
        self.edits(lambda desk: desk.correct(self.who(who), told))

    @rule(who=any_of.PORTFOLIOS)
    def withdraws_an_upload(self, who: int) -> None:
        self.edits(lambda desk: desk.withdraw(self.who(who)))

    @rule(
        who=any_of.PORTFOLIOS,
        day=any_of.DAYS,
        amount=st.sampled_from(["250000.1234", "-1000", "0.0001", "-2000000", ""]),
    )
    def books_a_flow(self, who: int, day: date, amount: str) -> None:
        """Or takes one back."""
        if amount:
            self.edits(lambda desk: desk.put_flow(self.who(who), self.past(day), Decimal(amount)))
        else:
            self.edits(lambda desk: desk.delete_flow(self.who(who), day.day))

    @rule(who=any_of.PORTFOLIOS, day=any_of.DAYS, price=st.one_of(any_of.PRICES, st.none()))
    def marks(self, who: int, day: date, price: Decimal | None) -> None:
        """Or takes a mark back."""
        if price is not None:
            self.edits(lambda desk: desk.put_mark(self.who(who), self.past(day), price))
        else:
            self.edits(lambda desk: desk.delete_mark(self.who(who), day.day))

    @rule(who=any_of.PORTFOLIOS, equity=st.sampled_from(["1000000", "250000.5", "10", "-5000", "0"]))
    def corrects_the_initial_equity(self, who: int, equity: str) -> None:
        self.edits(lambda desk: desk.correct_equity(self.who(who), Decimal(equity)))

    @rule()
    def corrects_multipliers(self) -> None:
        self.edits(lambda desk: desk.correct_multipliers())

    @precondition(lambda self: self.portfolios < len(BOOKS))
    @rule()
    def uploads_another_book(self) -> None:
        self.edits(lambda desk: desk.upload_book(2))

    # What the vendor says otherwise: it is asked for by itself, or by the next run of that session.

    @rule(
        symbol=st.sampled_from(TOLD), place=any_of.PLACES, factor=st.sampled_from([0.5, 0.99, 1.01, 3e8]),
        asked=any_of.ASKED,
    )  # fmt: skip
    def restates_a_close(self, symbol: str, place: int, factor: float, asked: bool) -> None:
        """Or tells it for the first time."""
        day = self.session(place)
        self.vendor.closes[symbol][day] = round(walks().closes[symbol][day] * factor, 2)
        self.ask(asked, day)

    @rule(symbol=st.sampled_from(sorted(walks().closes)))
    def tells_late_closes(self, symbol: str) -> None:
        self.vendor.closes[symbol] = walks().closes[symbol] | self.vendor.closes[symbol]

    @rule(
        symbol=st.sampled_from([*STOCKS, "SPY"]), place=any_of.PLACES, ratio=st.sampled_from([4.0, 0.1, 1.5]),
        asked=any_of.ASKED,
    )  # fmt: skip
    def tells_a_split(self, symbol: str, place: int, ratio: float, asked: bool) -> None:
        """Or another ratio of one."""
        known = [day for name, day in self.vendor.ratios if name == symbol]
        self.vendor.ratios[symbol, known[0] if known else self.session(place)] = ratio
        self.ask(asked, self.latest)

    @rule(
        symbol=st.sampled_from(UNIVERSE), day=st.sampled_from(SETTLEMENTS), cover=st.sampled_from([0.1, 50.0]),
        asked=any_of.ASKED,
    )  # fmt: skip
    def restates_short_interest(self, symbol: str, day: date, cover: float, asked: bool) -> None:
        self.vendor.days_to_cover[symbol, day] = cover
        self.ask(asked, self.latest)

    # Time, and the runs.

    @rule(sessions=st.integers(1, 3))
    def sessions_close(self, sessions: int) -> None:
        self.closed = min(self.closed + sessions, len(SESSIONS) - 1)

    @rule()
    def runs_daily(self) -> None:
        self.run(Order(self.latest, self.latest))

    @rule(
        places=any_of.RANGES, who=any_of.WHO, cascade=st.booleans(), strict=st.booleans(), cells=any_of.CELLS
    )
    def backfills(
        self, places: tuple[int, int], who: set[int] | None, cascade: bool, strict: bool, cells: int
    ) -> None:
        self.run(self.backfill(places, who, cascade, strict, cells))

    @rule(places=any_of.RANGES, assets=st.sets(st.sampled_from(list(STEPS)), min_size=1, max_size=3))
    def backfills_some_assets(self, places: tuple[int, int], assets: set[str]) -> None:
        chosen = tuple(name for name in STEPS if name in assets)
        self.run(replace(self.backfill(places, None, True, False, 0), steps=chosen))

    @rule(
        places=any_of.RANGES,
        who=any_of.WHO,
        cells=any_of.CELLS,
        at=any_of.AT,
        stale_only=st.booleans(),
        data=st.data(),
    )
    def is_killed_in_a_run(
        self,
        places: tuple[int, int],
        who: set[int] | None,
        cells: int,
        at: int,
        stale_only: bool,
        data: st.DataObject,
    ) -> None:
        kind = data.draw(st.sampled_from(self.kills))
        order = self.stale(cells) if stale_only else self.backfill(places, who, True, False, cells)
        if not self.run(order, Disturbance(kind, at)):
            assert not (broken := proofs.prove(self.world).broken), broken[:9]

    @rule(places=any_of.RANGES, at=any_of.AT, stale_only=st.booleans(), which=any_of.WHICH, day=any_of.DAYS)
    def edits_during_a_run(
        self, places: tuple[int, int], at: int, stale_only: bool, which: int, day: date
    ) -> None:
        acts: list[Callable[[Desk], None]] = [
            lambda desk: desk.correct(1, [(which, "quantity", Decimal(2))]),
            lambda desk: desk.put_flow(2, self.past(day), Decimal(77)),
            lambda desk: desk.put_mark(1, self.past(day), Decimal("8.5")),
            lambda desk: desk.open_lot(
                2, {"ticker": "BBB", "quantity": 3, "entry_price": "20", "entry_date": self.past(day)}
            ),
        ]
        order = self.stale(0) if stale_only else self.backfill(places, None, True, False, 0)
        self.run(order, Disturbance("edit", at, partial(self.edited, acts[which % len(acts)])))
        self.look()
