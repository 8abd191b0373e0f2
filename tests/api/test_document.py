"""The document says of every field what it is, in which unit, with an example that fits."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from api.app import create_app

UNIT = re.compile(
    r"\bUSD\b|fraction|Hours|/ (net asset value|standard deviation)|Units of|Shares or contracts|Lots|"
    r"exposure to the market factor|× beta|covariance of daily returns|the same of the delta-adjusted"
)
"""What a number is in: money, a fraction or a ratio, units, a count."""


class Member(NamedTuple):
    model: str
    name: str
    schema: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.model}.{self.name}"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(intake=True).openapi()


def members(document: dict[str, Any]) -> Iterator[Member]:
    """Members of objects that are no objects themselves."""
    for model, schema in document["components"]["schemas"].items():
        for name, member in schema.get("properties", {}).items():
            if "$ref" not in str(member) and "const" not in member and not model.startswith("Body_"):
                yield Member(model, name, member)


def types(schema: dict[str, Any]) -> set[str]:
    return {choice.get("type") for choice in schema.get("anyOf", [schema])}


def test_every_field_has_an_example_that_fits(document: dict[str, Any]) -> None:
    found = list(members(document))
    assert len(found) > 250
    assert [str(one) for one in found if not one.schema.get("examples")] == []
    wrong = [
        (str(one), example)
        for one in found
        for example in one.schema["examples"]
        if not jsonschema_rs.is_valid(one.schema, example)
    ]
    assert wrong == []


def test_every_field_says_what_it_is(document: dict[str, Any]) -> None:
    for model, schema in document["components"]["schemas"].items():
        assert schema.get("description") or model.startswith("Body_"), model
        for name, member in schema.get("properties", {}).items():
            assert member.get("description"), f"{model}.{name}"


def test_every_number_has_a_unit(document: dict[str, Any]) -> None:
    without = [
        f"{one}: {one.schema['description']}"
        for one in members(document)
        if "number" in types(one.schema) and not UNIT.search(one.schema["description"])
    ]
    assert without == []
