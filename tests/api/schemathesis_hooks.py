"""What schemathesis cannot know of itself."""

from typing import Any

import schemathesis

from pipelines.sources.csv_errors import CODES

_FORMS = (
    "string_", "int_", "bool_", "list_", "model_", "float_", "literal_", "enum", "date_", "datetime_", "greater_",
    "less_", "missing", "extra_forbidden", "too_long", "too_short", "json_invalid", "unknown_parameter",
)  # fmt: skip
"""Codes, or how they begin, of what a schema can say; those of files and entries are of what a value means."""


@schemathesis.check
def refused_for_its_meaning(ctx: Any, response: Any, case: Any) -> None:
    """Data that fits its schema may be refused for what it means, never for its form."""
    if response.status_code != 422 or not case.meta or not case.meta.generation.mode.is_positive:
        return
    if response.json()["code"] == "invalid_file":
        return
    codes = [error["code"] for error in response.json()["errors"]]
    wrong = [code for code in codes if code.startswith(_FORMS) and code not in CODES]
    if wrong:
        raise AssertionError(f"fits the schema and is refused for its form: {response.text[:500]}")
