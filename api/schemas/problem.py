"""The one shape of an error (RFC 9457)."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class FieldError(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(extra="forbid")

    row: Annotated[
        int | None,
        Field(
            description="Line of the uploaded file, 0: the file as a whole; null outside of uploads.",
            examples=[2],
        ),
    ] = None
    field: Annotated[
        str | None,
        Field(
            description="Parameter, body field or column; null if no single one is to blame.",
            examples=["as_of"],
        ),
    ] = None
    code: Annotated[str, Field(description="Stable code of the error.", examples=["future"])]
    message: Annotated[
        str, Field(description="What is wrong, in words.", examples=["as_of 2030-01-01 is in the future"])
    ]


class Problem(BaseModel):
    """Why a request was not answered as asked (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: Annotated[
        str,
        Field(
            description="URN that identifies the kind of problem.",
            examples=["urn:sigmasight:problem:invalid_request"],
        ),
    ]
    title: Annotated[str, Field(description="The HTTP status in words.", examples=["Unprocessable Content"])]
    status: Annotated[int, Field(description="The HTTP status code.", examples=[422])]
    detail: Annotated[
        str, Field(description="What went wrong this time, in words.", examples=["invalid: as_of"])
    ]
    instance: Annotated[str, Field(description="Path of the request.", examples=["/api/v1/portfolio"])]
    code: Annotated[str, Field(description="Stable code of the problem.", examples=["invalid_request"])]
    errors: Annotated[
        list[FieldError], Field(description="Every field that is wrong; empty if fields are not to blame.")
    ]
