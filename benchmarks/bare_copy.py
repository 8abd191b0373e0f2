"""The limit: the same rows by binary COPY into identical tables, with nothing read, compared or recorded."""

import tempfile
import time
from dataclasses import dataclass

import psycopg

BLOCK = 1 << 20


@dataclass(frozen=True)
class Loaded:
    """What bare COPY did."""

    seconds: float
    rows: int
    bytes: int


def bare_copy(url: str, tables: list[str]) -> Loaded:
    """Copy each table's rows out to a file, and time copying them in to an empty twin with the same indexes."""
    seconds, rows, size = 0.0, 0, 0
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("create schema bare")
        for table in tables:
            twin = f"bare.{table.split('.')[1]}"
            cursor.execute(f"create table {twin} (like {table} including all)")
            with tempfile.TemporaryFile() as file:
                with cursor.copy(f"copy {table} to stdout (format binary)") as source:
                    for block in source:
                        file.write(block)
                size += file.tell()
                file.seek(0)
                started = time.perf_counter()
                with cursor.copy(f"copy {twin} from stdin (format binary)") as target:
                    while block := file.read(BLOCK):
                        target.write(block)
                seconds += time.perf_counter() - started
            rows += cursor.rowcount
        cursor.execute("drop schema bare cascade")
    return Loaded(seconds, rows, size)
