"""Whatever is done to one stored row by SQL is found, and named."""

from dataclasses import dataclass
from datetime import date

import pytest
from psycopg.sql import SQL, Identifier, Literal

from pipelines.sessions import session_at, session_index
from pipelines.tables.database import Database
from pipelines.tables.spec import Column, TableSpec
from pipelines.tables.specs import DERIVED, MANIFESTED, PRICES
from pipelines.verify.findings import Finding, Proof, Scope
from pipelines.verify.proof import prove_in

FIRST = date(2021, 6, 1)
MODE = {"position_id": 1, "symbol": "AAPL", "factor": "size", "factor_a": "momentum", "factor_b": "size"}
"""The row of a session that is altered: of portfolio 1."""


@dataclass(frozen=True)
class Deed:
    """Something done to one row, and what must be named: the slice, and the row unless its very key was changed."""

    what: str
    session: date
    statement: SQL
    item: str | None


def _other(column: Column) -> SQL:
    """Another value than the stored one, null or not."""
    name = Identifier(column.name)
    if column.name == "session":
        return SQL("'2021-12-31'")
    if column.name == "price_sources":  # nothing but a list of names can be stored
        return SQL("""'["another"]'""")
    form = {
        "date": "coalesce({0} + 1, '2021-05-05')",
        "int": "{0} + 7000",
        "money": "coalesce({0} + 0.0001, 1)",
        # the next double: one bit
        "float": "coalesce({0} * (1 + 3e-16) + 1e-300, 1)",
        "bool": "not {0}",
        "text": "coalesce({0}, '') || 'x'",
    }[column.kind]
    return SQL(form).format(name)  # type: ignore[return-value,arg-type]


def _row(spec: TableSpec, session: date) -> SQL:
    key = {name: MODE[name] for name in spec.key if name in MODE} | {"session": session}
    if spec.by_portfolio:
        key["portfolio_id"] = 1
    parts = [SQL("{} = {}").format(Identifier(name), Literal(value)) for name, value in key.items()]
    return SQL(" and ").join(parts)  # type: ignore[return-value]


def _item(spec: TableSpec) -> str | None:
    if "position_id" in spec.key:
        return "position 1"
    return " ".join(str(MODE[name]) for name in spec.key if name in MODE) or None


def deeds(spec: TableSpec) -> list[Deed]:
    """One deed for each column, a deletion and an insertion, each in a session of its own."""
    table = Identifier(spec.schema, spec.name)
    session = iter(session_at(session_index(FIRST) + step) for step in range(50))
    made = []
    for column in (*spec.columns, Column("commit_id", "int")):
        day = next(session)
        change = SQL("{} = {}").format(Identifier(column.name), _other(column))
        if column.name == "commit_id":  # a commit that exists
            change = SQL("commit_id = (select min(commit_id) from analytics.commits)")
        statement = SQL("update {} set {} where {}").format(table, change, _row(spec, day))
        is_named = column.name not in spec.key and column.name != "commit_id"
        made.append(Deed(f"{column.name} updated", day, statement, _item(spec) if is_named else None))  # type: ignore[arg-type]
    day = next(session)
    statement = SQL("delete from {} where {}").format(table, _row(spec, day))
    made.append(Deed("row deleted", day, statement, _item(spec)))  # type: ignore[arg-type]
    extra = [name for name in spec.key if name in MODE]
    if extra:
        day, names = next(session), [*spec.column_names, "commit_id"]
        other = {
            "position_id": "77",
            "symbol": "'ZZ'",
            "factor": "'zz'",
            "factor_a": "factor_a",
            "factor_b": "'zz'",
        }
        statement = SQL("insert into {} ({}) select {} from {} where {}").format(
            table,
            SQL(", ").join(map(Identifier, names)),
            SQL(", ").join(SQL(other[n]) if n in extra else Identifier(n) for n in names),
            table,
            _row(spec, day),
        )
        named = "position 77" if "position_id" in extra else " ".join(other[n].strip("'") for n in extra)
        made.append(Deed("row inserted", day, statement, named.replace("factor_a", MODE["factor_a"])))  # type: ignore[arg-type,arg-type]
    return made


def broken(proof: Proof, table: str, session: date, portfolio_id: int | None) -> list[Finding]:
    return [f for f in proof.broken if (f.table, f.session, f.portfolio_id) == (table, session, portfolio_id)]


@pytest.mark.parametrize("spec", MANIFESTED, ids=lambda spec: spec.name)
def test_any_altered_row_is_named(owner: Database, spec: TableSpec) -> None:
    done = deeds(spec)
    for deed in done:
        assert owner.connection.execute(deed.statement).rowcount == 1, deed.what
    proof = prove_in(owner, Scope())
    assert proof.exit_code == 1
    for deed in done:
        found = broken(proof, spec.name, deed.session, 1 if spec.by_portfolio else None)
        assert found, deed.what
        # Prices have nothing to be recomputed from: their digest tells the session.
        if deed.item and spec is not PRICES:
            assert deed.item in {finding.item for finding in found}, (deed.what, found)


SLICE_CHANGES = {
    "asset": "asset = 'nothing'",
    "asset of another table": "asset = 'securities'",
    "session": "session = '2021-12-31'",
    "no session": "session = '2021-06-05'",
    "portfolio_id": "portfolio_id = 2",
    "no portfolio_id": "portfolio_id = null",
    "run_id": "run_id = 'nobody'",
    "input_hash": "input_hash = decode(md5('x'), 'hex')",
    "short input_hash": "input_hash = '\\x00'",
    "code_version": "code_version = '0'",
    "output_digest": "output_digest = decode(md5('x'), 'hex')",
    "row_count": "row_count = row_count + 1",
    "checked_at": "checked_at = checked_at - interval '1 day'",
    "commit_id": "commit_id = (select min(commit_id) from analytics.commits)",
}


@pytest.mark.parametrize("change", SLICE_CHANGES.values(), ids=SLICE_CHANGES.keys())
def test_an_altered_slice_is_named(owner: Database, change: str) -> None:
    """Of every asset at once, each in a session of its own: the manifest is one table."""
    days = {spec: session_at(session_index(FIRST) + 2 * place) for place, spec in enumerate(DERIVED)}
    only = [spec for spec in DERIVED if spec.by_portfolio or "portfolio_id" not in change]
    for spec in only:
        if change == "portfolio_id = 2":
            owner.execute("delete from analytics.slices where asset = %(a)s and session = %(d)s and portfolio_id = 2",
                          {"a": spec.name, "d": days[spec]})  # fmt: skip
        statement = SQL(
            "update analytics.slices set {} where asset = {} and session = {} and portfolio_id {}"
        ).format(
            SQL(change),
            spec.name,
            days[spec],
            SQL("= 1" if spec.by_portfolio else "is null"),  # type: ignore[arg-type]
        )
        assert owner.connection.execute(statement).rowcount == 1
    proof = prove_in(owner, Scope())
    assert proof.exit_code == 1
    for spec in only:
        portfolio_id = 1 if spec.by_portfolio else None
        of_slice = [f for f in broken(proof, "slices", days[spec], portfolio_id) if f.item == spec.name]
        assert broken(proof, spec.name, days[spec], portfolio_id) or of_slice, spec.name


@pytest.mark.parametrize("spec", DERIVED, ids=lambda spec: spec.name)
def test_a_deleted_or_inserted_slice_is_named(owner: Database, spec: TableSpec) -> None:
    portfolio = SQL("= 1" if spec.by_portfolio else "is null")
    owner.connection.execute(
        SQL(
            "delete from analytics.slices where asset = {} and session = '2021-06-01' and portfolio_id {}"
        ).format(spec.name, portfolio)
    )
    owner.connection.execute(
        SQL(
            "insert into analytics.slices select asset, '2019-06-03', portfolio_id, run_id, input_hash, code_version,"
            " decode('cae66941d9efbd404e4d88758ea67670', 'hex'), 0, checked_at, commit_id from analytics.slices"
            " where asset = {} and session = '2021-06-02' and portfolio_id {}"
        ).format(spec.name, portfolio)
    )
    proof = prove_in(owner, Scope())
    portfolio_id = 1 if spec.by_portfolio else None
    assert broken(proof, spec.name, FIRST, portfolio_id)
    assert broken(proof, spec.name, date(2019, 6, 3), portfolio_id)


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("factor_exposures", "reason = ''"),
        ("factor_exposures", "exposure = 'NaN'"),
        ("factor_exposures", "dollar_exposure = 'NaN'"),
        ("factor_exposures", "dollar_exposure = 9e15"),
        ("position_pnl", "price_date = 'infinity'"),
        ("position_pnl", "portfolio_id = -1"),
        ("position_pnl", "session = '-infinity'"),
        ("position_pnl", "session = '1066-10-14'"),
        ("position_greeks", "model = repeat('x', 99)"),
        ("position_greeks", "model = 'möck'"),
        ("snapshots", "net_asset_value = 'NaN'"),
    ],
)
def test_a_value_that_no_writer_writes_is_named(owner: Database, table: str, value: str) -> None:
    statement = f"update analytics.{table} set {value} where session = '2021-06-01' and portfolio_id = 1"
    one = {"factor_exposures": " and factor = 'size'", "snapshots": ""}.get(table, " and position_id = 1")
    assert owner.connection.execute(statement + one).rowcount == 1
    proof = prove_in(owner, Scope())
    named = {finding.item for finding in proof.broken if finding.table == table}
    assert named & {"size", "position 1", "1", "1 mock", None}
    assert broken(proof, table, FIRST, 1)
