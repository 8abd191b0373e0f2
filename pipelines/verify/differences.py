"""The first row in which stored and recomputed rows of a slice differ, in words."""

from typing import Any

import numpy as np

from pipelines.calc.types import MONEY_SCALE, NULL_MONEY, Columns
from pipelines.tables.spec import Column, TableSpec

Row = tuple[Any, ...]
_LABEL = {"position_id": "position"}


def first_difference(spec: TableSpec, stored: Columns, computed: Columns) -> tuple[str, str] | None:
    """Name the first row, in key order, that differs: (item, how); None if none does."""
    columns = spec.columns
    keys = [index for index, column in enumerate(columns) if column.name in spec.key]
    old, new = _by_key(spec, stored, keys), _by_key(spec, computed, keys)
    for key in sorted(old.keys() | new.keys()):
        was, is_ = old.get(key), new.get(key)
        item = _item(spec, key, keys)
        if was is None or is_ is None:
            how = "the row is missing" if was is None else "the row is not one that is computed"
            return item, how
        if was != is_:
            parts = [
                f"{column.name} is {_text(column, a)}, recomputed {_text(column, b)}"
                for column, a, b in zip(columns, was, is_, strict=True)
                if a != b
            ]
            return item, "; ".join(parts)
    return None


def _by_key(spec: TableSpec, data: Columns, keys: list[int]) -> dict[Row, Row]:
    values = [_plain(column, data[column.name]) for column in spec.columns]
    return {tuple(row[i] for i in keys): row for row in zip(*values, strict=True)}


def _plain(column: Column, values: np.ndarray) -> list[Any]:
    """Python values that compare as their canonical form does: a missing one is None."""
    if column.kind == "float":
        return [None if value != value else value for value in values.tolist()]
    if column.kind == "money" or (column.kind == "int" and column.nullable):
        return [None if value == NULL_MONEY else value for value in values.tolist()]
    plain: list[Any] = values.tolist()
    return plain


def _item(spec: TableSpec, key: Row, keys: list[int]) -> str:
    named = zip((spec.columns[i].name for i in keys), key, strict=True)
    parts = [(name, value) for name, value in named if name not in spec.slice_key]
    if any(name == "position_id" for name, _ in parts):
        parts = [(name, value) for name, value in parts if name == "position_id"]
    return " ".join(f"{_LABEL[name]} {value}" if name in _LABEL else str(value) for name, value in parts)


def _text(column: Column, value: Any) -> str:
    if value is None or value == "":
        return "null"
    if column.kind == "money":
        return f"{value / MONEY_SCALE:.4f}"
    return str(value)
