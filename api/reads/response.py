"""An answer as the caller gets it: whole, or the word that the caller has it already."""

from starlette.responses import Response

from api.reads.answer import Answer
from api.reads.etag import is_known


def respond(answer: Answer, if_none_match: str | None) -> Response:
    """Return the response to a caller who names what it has in If-None-Match."""
    headers = {"ETag": answer.etag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if if_none_match is not None and is_known(answer.etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(answer.body, headers=headers, media_type="application/json")
