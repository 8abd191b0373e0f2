from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.instruments import (
    DEFAULT_MULTIPLIER,
    AssetClass,
    InstrumentError,
    OptionContract,
    OptionType,
    PositionType,
    normalize_symbol,
    parse_instrument,
    parse_option,
    position_type,
)

AAPL_CALL = OptionContract("AAPL", date(2024, 1, 19), OptionType.CALL, Decimal(150))


@pytest.mark.parametrize("symbol", ["A", "AAPL", "BRK.B", "BF-B", "X1", "ABCDEFGHIJ", "ABCDEFGHIJ.WXYZ"])
def test_stock_symbols_are_public(symbol: str) -> None:
    instrument = parse_instrument(symbol)
    assert (instrument.symbol, instrument.asset_class) == (symbol, AssetClass.PUBLIC)
    assert instrument.contract is None


@pytest.mark.parametrize(
    "text",
    ["AAPL240119C00150000", "AAPL  240119C00150000", "aapl240119c00150000", " AAPL240119C00150000 "],
    ids=["compact", "padded to 21", "lower case", "surrounded by blanks"],
)
def test_option_symbols_are_stored_compact(text: str) -> None:
    instrument = parse_instrument(text)
    assert instrument.symbol == "AAPL240119C00150000"
    assert instrument.asset_class is AssetClass.OPTION
    assert instrument.contract == AAPL_CALL


@pytest.mark.parametrize(
    ("text", "underlying", "strike"),
    [
        ("BRK.B240119P00300500", "BRK.B", "300.5"),
        ("BRK.B 240119P00300500", "BRK.B", "300.5"),
        ("SPY240119P00000001", "SPY", "0.001"),
        ("X240119P99999999", "X", "99999.999"),
    ],
)
def test_the_root_is_the_underlying_and_the_strike_is_in_thousandths(
    text: str, underlying: str, strike: str
) -> None:
    contract = parse_option(text)
    assert (contract.underlying, contract.strike) == (underlying, Decimal(strike))
    assert contract.option_type is OptionType.PUT
    assert contract.symbol == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "asset_class", "code"),
    [
        ("AAPL240230C00150000", None, "impossible_option_expiry"),
        ("AAPL241319C00150000", None, "impossible_option_expiry"),
        ("AAPL230229P00150000", None, "impossible_option_expiry"),
        ("AAPL240119C00000000", None, "impossible_option_strike"),
        ("AAPL240119X00150000", None, "malformed_option_symbol"),
        ("AAPL24119C00150000", None, "malformed_option_symbol"),
        ("AAPL240119C150", None, "malformed_option_symbol"),
        ("AAPL240119C0015000", None, "malformed_option_symbol"),
        ("AAPL240119C001500000", None, "malformed_option_symbol"),
        ("AA.240119C00150000", None, "malformed_option_symbol"),
        ("TOOLONG240119C00150000", None, "malformed_option_symbol"),
        ("AAPL 2024", AssetClass.OPTION, "malformed_option_symbol"),
        ("", None, "invalid_symbol"),
        ("AAPL US", None, "invalid_symbol"),
        ("BRK/B", None, "invalid_symbol"),
        ("1ABC", None, "invalid_symbol"),
        ("ABCDEFGHIJK", None, "invalid_symbol"),
        ("AB.", None, "invalid_symbol"),
        ("AB.C.D", None, "invalid_symbol"),
        ("AAPL\n", AssetClass.PRIVATE, None),
        ("FUND\u202eX", None, "invalid_symbol"),
        ("ſpy", None, "invalid_symbol"),
        ("ＡＡＰＬ", None, "invalid_symbol"),
        ("_FUND", AssetClass.PRIVATE, "invalid_symbol"),
        ("F" * 33, AssetClass.PRIVATE, "invalid_symbol"),
        ("ACME SERIES B", AssetClass.PRIVATE, "invalid_symbol"),
        ("AAPL240119C00150000", AssetClass.PUBLIC, "asset_class_conflict"),
        ("AAPL240119C00150000", AssetClass.PRIVATE, "asset_class_conflict"),
        ("AAPL", AssetClass.OPTION, "asset_class_conflict"),
        ("ACME_SERIES_B", AssetClass.PUBLIC, "invalid_symbol"),
    ],
)
def test_refused_symbols_say_why(text: str, asset_class: AssetClass | None, code: str | None) -> None:
    if code is None:
        assert parse_instrument(text, asset_class).symbol == text.strip()
        return
    with pytest.raises(InstrumentError) as refused:
        parse_instrument(text, asset_class)
    assert refused.value.code == code
    assert refused.value.symbol == normalize_symbol(text)
    assert refused.value.message


def test_a_private_symbol_without_its_asset_class_is_told_what_it_lacks() -> None:
    with pytest.raises(InstrumentError, match="asset_class PRIVATE"):
        parse_instrument("ACME_SERIES_B")
    assert parse_instrument("acme_series_b", AssetClass.PRIVATE).symbol == "ACME_SERIES_B"


@pytest.mark.parametrize(
    ("symbol", "quantity", "expected"),
    [
        ("AAPL", 1, PositionType.LONG),
        ("AAPL", -1, PositionType.SHORT),
        ("AAPL240119C00150000", 1, PositionType.LC),
        ("AAPL240119C00150000", -1, PositionType.SC),
        ("AAPL240119P00150000", 1, PositionType.LP),
        ("AAPL240119P00150000", -1, PositionType.SP),
    ],
)
def test_position_type_by_right_and_sign(symbol: str, quantity: int, expected: PositionType) -> None:
    assert position_type(parse_instrument(symbol), Decimal(quantity)) is expected


def test_zero_has_no_position_type() -> None:
    with pytest.raises(ValueError, match="no direction"):
        position_type(parse_instrument("AAPL"), Decimal(0))


def test_listed_options_are_for_a_hundred_shares() -> None:
    assert DEFAULT_MULTIPLIER == {AssetClass.PUBLIC: 1, AssetClass.OPTION: 100, AssetClass.PRIVATE: 1}


contracts = st.builds(
    OptionContract,
    underlying=st.from_regex(r"[A-Z][A-Z0-9]{0,3}(\.[A-Z])?", fullmatch=True),
    expiry=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    option_type=st.sampled_from(OptionType),
    strike=st.integers(1, 99_999_999).map(lambda thousandths: Decimal(thousandths).scaleb(-3)),
)


@given(contracts)
def test_an_option_symbol_says_all_its_terms(contract: OptionContract) -> None:
    padded = f"{contract.underlying:6}{contract.symbol[len(contract.underlying) :]}"
    assert len(padded) == 21
    assert parse_option(contract.symbol) == parse_option(padded) == contract


@given(st.text(max_size=40), st.sampled_from([None, *AssetClass]))
def test_any_text_is_an_instrument_or_an_instrument_error(text: str, asset_class: AssetClass | None) -> None:
    try:
        instrument = parse_instrument(text, asset_class)
    except InstrumentError:
        return
    assert instrument.symbol.isascii()
    assert asset_class in (None, instrument.asset_class)
    assert parse_instrument(instrument.symbol, instrument.asset_class) == instrument
