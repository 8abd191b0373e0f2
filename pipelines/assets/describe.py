"""What Dagster shows of a table: its grain, its columns and their units, from the comments of the schema."""

import re
from functools import cache

import dagster as dg

from pipelines.tables.spec import TableSpec
from sql import ROOT

_COMMENT = re.compile(r"^comment on (?:table|column) (\S+) is '((?:[^']|'')*)';$", re.MULTILINE)


@cache
def comments() -> dict[str, str]:
    """Comments by qualified name: schema.table, schema.table.column."""
    return {
        name: text.replace("''", "'")
        for file in sorted((ROOT / "schema").glob("*.sql"))
        for name, text in _COMMENT.findall(file.read_text(encoding="utf-8"))
    }


def column_schema(table: TableSpec) -> dg.TableSchema:
    """Columns with their kinds and, from their comments, meaning and unit."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                column.kind,
                comments()[f"{table.qualified}.{column.name}"],
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )


def description(text: str, tables: tuple[TableSpec, ...]) -> str:
    """An asset's docstring, and the grain of each table it fills."""
    grains = [f"- `{table.qualified}`: {comments()[table.qualified]}" for table in tables]
    return "\n".join([text.strip(), "", *grains])
