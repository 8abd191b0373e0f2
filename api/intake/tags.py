"""Tags: a user's own labels for lots. Changing them changes no number."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
from psycopg import Connection

from api.intake.errors import ConflictError, IntakeError, NotFoundError
from pipelines.sources.csv_cells import collapse, why_not_text
from pipelines.sources.positions_csv import MAX_TAG_LENGTH
from sql import query

DEFAULT_COLOR: Final = "#808080"
_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, and how many lots carry it."""

    id: int
    name: str
    color: str
    position_count: int


def tag_name(text: str) -> str:
    """Return a tag's name as we keep it; IntakeError (invalid_name)."""
    name = collapse(text)
    if not name:
        raise IntakeError("invalid_name", "a tag needs a name", "name")
    if "," in name:
        message = "a comma separates tags in files and queries; no name has one"
        raise IntakeError("invalid_name", message, "name")
    if (why := why_not_text("name", name, MAX_TAG_LENGTH)) is not None:
        raise IntakeError("invalid_name", why[1], "name")
    return name


def tag_color(text: str) -> str:
    """Return a colour as we keep it, #RRGGBB; IntakeError (invalid_color)."""
    if not _COLOR.fullmatch(text):
        raise IntakeError("invalid_color", f"color {text[:40]!r} is not written #RRGGBB", "color")
    return text.upper()


def add_tag(connection: Connection[Any], owner_id: int, name: str, color: str = DEFAULT_COLOR) -> Tag:
    """Add a tag; ConflictError (tag_exists) when the owner has one of that name, IntakeError for name and colour."""
    new = Tag(0, tag_name(name), tag_color(color), 0)
    _begin(connection)
    params = {"owner_id": owner_id, "name": new.name, "color": new.color}
    row = connection.execute(query("intake/insert_tag"), params).fetchone()
    if row is None:
        raise _exists(new.name)
    return replace(new, id=int(row[0]))


def change_tag(
    connection: Connection[Any], owner_id: int, tag_id: int, name: str | None, color: str | None
) -> Tag:
    """Rename or recolour a tag; what is None stays. A change to what it is already writes nothing.

    Raises NotFoundError (tag_not_found), and what `add_tag` raises.
    """
    old = _find(connection, owner_id, tag_id)
    new = Tag(
        old.id,
        old.name if name is None else tag_name(name),
        old.color if color is None else tag_color(color),
        old.position_count,
    )
    if new != old:
        _begin(connection)
        try:
            with connection.transaction():
                params = {"tag_id": tag_id, "name": new.name, "color": new.color}
                connection.execute(query("intake/update_tag"), params)
        except psycopg.errors.UniqueViolation:
            raise _exists(new.name) from None
    return new


def delete_tag(connection: Connection[Any], owner_id: int, tag_id: int) -> None:
    """Take a tag off all lots and delete it; the lots stay. NotFoundError (tag_not_found)."""
    _find(connection, owner_id, tag_id)
    _begin(connection)
    connection.execute(query("intake/delete_tag"), {"tag_id": tag_id})


def tag_position(
    connection: Connection[Any], owner_id: int, position_id: int, tag_ids: Collection[int]
) -> list[Tag]:
    """Make these the tags of a lot, and no others; returns them by name. The same tags again write nothing.

    Raises NotFoundError (position_not_found), IntakeError (unknown_tag: not a tag of the owner).
    """
    lot = {"owner_id": owner_id, "position_id": position_id}
    if connection.execute(query("intake/own_position"), lot).fetchone() is None:
        raise NotFoundError("position_not_found", "there is no such position")
    params = lot | {"tag_ids": sorted(set(tag_ids))}
    found = [Tag(*row) for row in connection.execute(query("intake/own_tags"), params)]
    missing = sorted(set(tag_ids) - {tag.id for tag in found})
    if missing:
        message = f"you have no tag {', '.join(map(str, missing))}"
        raise IntakeError("unknown_tag", message, "tag_ids")
    if connection.execute(query("intake/differs_in_tags"), params).fetchall()[0][0]:
        _begin(connection)
        connection.execute(query("intake/untag_position"), params)
        connection.execute(query("intake/tag_position"), params)
    return found


def _find(connection: Connection[Any], owner_id: int, tag_id: int) -> Tag:
    row = connection.execute(query("intake/own_tag"), {"owner_id": owner_id, "tag_id": tag_id}).fetchone()
    if row is None:
        raise NotFoundError("tag_not_found", "there is no such tag")
    return Tag(*row)


def _begin(connection: Connection[Any]) -> None:
    connection.execute(query("store/begin_commit"), {"run_id": None, "action": "tag"})


def _exists(name: str) -> ConflictError:
    return ConflictError("tag_exists", f"you have a tag {name!r} already", "name")
