"""What a symbol names: a stock, a private holding or a listed option.

Options are OCC symbols: root, expiry YYMMDD, C or P, strike in thousandths of a dollar in eight digits. They
are accepted compact (AAPL240119C00150000), padded to 21 characters (`AAPL  240119C00150000`) and with a
dotted root (BRK.B240119C00300000), and stored compact. The root stands for the underlying's symbol as it is.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final


class AssetClass(StrEnum):
    """What kind of thing a position holds."""

    PUBLIC = "PUBLIC"
    OPTION = "OPTION"
    PRIVATE = "PRIVATE"


class OptionType(StrEnum):
    """The right an option gives."""

    CALL = "call"
    PUT = "put"


class PositionType(StrEnum):
    """Direction of a position, and for options its right: LC is a long call, SP a short put."""

    LONG = "LONG"
    SHORT = "SHORT"
    LC = "LC"
    SC = "SC"
    LP = "LP"
    SP = "SP"


class InstrumentError(ValueError):
    """A symbol that names nothing we can hold; `code` is stable, the message is for people."""

    def __init__(self, code: str, symbol: str, message: str) -> None:
        self.code = code
        self.symbol = symbol
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class OptionContract:
    """Terms of a listed option. `strike` in USD, at most three decimals."""

    underlying: str
    expiry: date
    option_type: OptionType
    strike: Decimal

    @property
    def symbol(self) -> str:
        """The compact OCC symbol."""
        right = "C" if self.option_type is OptionType.CALL else "P"
        return f"{self.underlying}{self.expiry:%y%m%d}{right}{int(self.strike * 1000):08d}"


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a position holds. `contract` is there for options only."""

    symbol: str
    asset_class: AssetClass
    contract: OptionContract | None = None


DEFAULT_MULTIPLIER: Final = {
    AssetClass.PUBLIC: Decimal(1),
    AssetClass.OPTION: Decimal(100),
    AssetClass.PRIVATE: Decimal(1),
}
"""Units of the priced thing per unit of quantity, where the user says nothing."""

_STOCK = re.compile(r"[A-Z][A-Z0-9]{0,9}([.-][A-Z0-9]{1,4})?")
_PRIVATE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_OCC = re.compile(r"([A-Z][A-Z0-9.-]{0,5}) {0,5}([0-9]{6})([CP])([0-9]{8})")  # root, expiry, right, strike
# Shorter or longer dates and strikes, other letters: somebody meant an option.
_MEANT_AS_OPTION = re.compile(r"[A-Z][A-Z0-9.-]{0,7} *[0-9]{4,8} ?[A-Z] ?[0-9.]+")


def normalize_symbol(text: str) -> str:
    """Return the spelling we store: trimmed, upper case, options compact. Never fails, checks nothing."""
    symbol = text.strip()
    if not symbol.isascii():  # upper() would turn some foreign letters into A to Z
        return symbol
    symbol = symbol.upper()
    return symbol.replace(" ", "") if _OCC.fullmatch(symbol) else symbol


def parse_option(text: str) -> OptionContract:
    """Read an OCC symbol.

    Raises InstrumentError: malformed_option_symbol, impossible_option_expiry, impossible_option_strike.
    """
    symbol = normalize_symbol(text)
    match = _OCC.fullmatch(symbol)
    if match is None or not _STOCK.fullmatch(match[1]):
        raise InstrumentError(
            "malformed_option_symbol",
            symbol,
            f"{symbol!r} is not an OCC option symbol such as AAPL240119C00150000: "
            "root, expiry YYMMDD, C or P, strike × 1000 in eight digits",
        )
    yymmdd = match[2]
    try:
        expiry = date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        message = f"{symbol}: there is no day {yymmdd} (year, month, day)"
        raise InstrumentError("impossible_option_expiry", symbol, message) from None
    strike = Decimal(match[4]).scaleb(-3)
    if strike == 0:
        raise InstrumentError("impossible_option_strike", symbol, f"{symbol}: the strike is zero")
    right = OptionType.CALL if match[3] == "C" else OptionType.PUT
    return OptionContract(match[1], expiry, right, strike)


def parse_instrument(text: str, asset_class: AssetClass | None = None) -> Instrument:
    """Read a symbol; without an asset class its form decides between stock and option.

    Raises InstrumentError: invalid_symbol, asset_class_conflict, and what parse_option raises.
    """
    symbol = normalize_symbol(text)
    is_occ = _OCC.fullmatch(symbol) is not None
    if is_occ and asset_class not in (None, AssetClass.OPTION):
        message = f"{symbol} is an option symbol, asset_class says {asset_class}"
        raise InstrumentError("asset_class_conflict", symbol, message)
    if asset_class is AssetClass.OPTION and _STOCK.fullmatch(symbol):
        message = f"{symbol} is a stock symbol, asset_class says OPTION"
        raise InstrumentError("asset_class_conflict", symbol, message)
    if is_occ or asset_class is AssetClass.OPTION:
        contract = parse_option(symbol)
        return Instrument(contract.symbol, AssetClass.OPTION, contract)
    if asset_class is AssetClass.PRIVATE:
        if not _PRIVATE.fullmatch(symbol):
            raise InstrumentError(
                "invalid_symbol",
                symbol,
                f"{symbol!r} is no private symbol: up to 32 letters, digits, '.', '_' or '-', "
                "starting with a letter or digit",
            )
        return Instrument(symbol, AssetClass.PRIVATE)
    return _parse_stock(symbol)


def _parse_stock(symbol: str) -> Instrument:
    if _STOCK.fullmatch(symbol):
        return Instrument(symbol, AssetClass.PUBLIC)
    if _MEANT_AS_OPTION.fullmatch(symbol):
        parse_option(symbol)  # raises, saying what an option symbol looks like
    hint = "; a private holding needs asset_class PRIVATE" if _PRIVATE.fullmatch(symbol) else ""
    message = f"{symbol!r} is neither a stock nor an option symbol{hint}"
    raise InstrumentError("invalid_symbol", symbol, message)


def position_type(instrument: Instrument, quantity: Decimal) -> PositionType:
    """Return the position type by option type and sign of the quantity, which must not be zero."""
    if quantity == 0:
        raise ValueError("a position of zero has no direction")
    is_long = quantity > 0
    if instrument.contract is None:
        return PositionType.LONG if is_long else PositionType.SHORT
    if instrument.contract.option_type is OptionType.CALL:
        return PositionType.LC if is_long else PositionType.SC
    return PositionType.LP if is_long else PositionType.SP
