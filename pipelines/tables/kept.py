"""Rows that a run has just stored, kept beside the tables for those of its steps that read them again.

They are the very values whose digest the manifest holds, column by column in files without a name: nothing is left of
them when the process ends, however it ends. Reading them takes a fraction of what the server needs to return millions
of rows.
"""

import os
from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.calc.types import Columns, IntArray
from pipelines.tables.digest import NULL_DATE, canonical_type, canonical_values, session_of
from pipelines.tables.spec import Column


class KeptRows:
    """Some columns of a table's rows, by slice; added some sessions at a time, each time later ones than before."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self._files = {column.name: TemporaryFile() for column in columns}  # noqa: SIM115 - closed with the object
        self._codes = np.zeros(0, dtype=np.int64)
        self._starts = np.zeros(1, dtype=np.int64)
        """Row each kept slice starts at, and where the last one ends."""

    def add(self, codes: IntArray, counts: IntArray, data: Columns) -> None:
        """Keep slices, by their codes and their numbers of rows, and these rows in the same order."""
        for column in self._columns:
            file, values = self._files[column.name], canonical_values(column, data[column.name])
            file.write(np.ascontiguousarray(values, dtype=canonical_type(column)).data)
            file.flush()
        self._codes = np.append(self._codes, codes)
        self._starts = np.append(self._starts, self._starts[-1] + np.add.accumulate(counts))

    def of_sessions(self, columns: Sequence[Column], codes: IntArray) -> Columns | None:
        """Rows from the first to the last session of some slices (ascending), those of other portfolios included.

        None unless all of the slices are kept. Texts stay in bytes.
        """
        at = np.searchsorted(self._codes, codes)
        if not len(codes) or at[-1] >= len(self._codes) or (self._codes[at] != codes).any():
            return None
        session = session_of(self._codes)
        first = np.searchsorted(session, session[at[0]], side="left")
        last = np.searchsorted(session, session[at[-1]], side="right")
        begin, end = int(self._starts[first]), int(self._starts[last])
        return {column.name: self._read(column, begin, end) for column in columns}

    def _read(self, column: Column, begin: int, end: int) -> npt.NDArray[Any]:
        kept = np.dtype(canonical_type(column))
        size = kept.itemsize
        payload = os.pread(self._files[column.name].fileno(), (end - begin) * size, begin * size)
        values = np.frombuffer(payload, dtype=kept)
        if column.kind == "date":
            days = values.astype("datetime64[D]")
            days[values == NULL_DATE] = np.datetime64("NaT")
            return days
        return values.view(np.bool_) if column.kind == "bool" else values
