"""Adding, changing and deleting tags, and putting them on lots."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.errors import invalid
from api.intake import tags
from api.openapi import problems
from api.parameters import Id
from api.schemas.writes import NewTag, StoredTag, TagChange, TaggedPosition, TagIds
from api.writing import Writes

router = APIRouter(tags=["tags"])

TagId = Annotated[Id, Path(description="Identity of the tag.")]


@router.post(
    "/tags",
    status_code=201,
    operation_id="addTag",
    summary="Add a tag",
    response_description="The new tag.",
    responses=problems(409),
)
async def add(writes: Writes, body: NewTag) -> StoredTag:
    """Add a tag of one's own; 409 when there is one of that name."""
    tag = await writes.write(
        lambda connection, user: tags.add_tag(connection, user.id, body.name, body.color)
    )
    return StoredTag(**asdict(tag))


@router.put(
    "/tags/{tag_id}",
    operation_id="changeTag",
    summary="Rename or recolour a tag",
    responses=problems(404, 409),
)
async def change(writes: Writes, tag_id: TagId, body: TagChange) -> StoredTag:
    """Change name, colour or both; 409 when another tag has the name."""
    if body.name is None and body.color is None:
        raise invalid("body", "nothing_to_change", "give a name, a color or both")
    tag = await writes.write(
        lambda connection, user: tags.change_tag(connection, user.id, tag_id, body.name, body.color)
    )
    return StoredTag(**asdict(tag))


@router.delete(
    "/tags/{tag_id}",
    status_code=204,
    operation_id="deleteTag",
    summary="Delete a tag",
    responses=problems(404),
    response_class=Response,
)
async def delete(writes: Writes, tag_id: TagId) -> None:
    """Delete a tag. The lots that carried it stay; what a past instant shows stays, too."""
    await writes.write(lambda connection, user: tags.delete_tag(connection, user.id, tag_id))


@router.put(
    "/positions/{position_id}/tags",
    operation_id="setPositionTags",
    summary="Set the tags of a lot",
    responses=problems(404),
)
async def tag_position(
    writes: Writes, position_id: Annotated[Id, Path(description="Identity of the lot.")], body: TagIds
) -> TaggedPosition:
    """Make these one's own tags the tags of a lot, and no others."""
    found = await writes.write(
        lambda connection, user: tags.tag_position(connection, user.id, position_id, body.tag_ids)
    )
    return TaggedPosition(position_id=position_id, items=[StoredTag(**asdict(tag)) for tag in found])
