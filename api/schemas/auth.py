"""Logging in."""

from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from api.schemas.common import Model


class Credentials(Model):
    """A user's name and password."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"username": "demo_user_1", "password": "demo123"}]}
    )

    username: Annotated[str, Field(max_length=256, description="Login name.", examples=["demo_user_1"])]
    password: Annotated[SecretStr, Field(max_length=1024, description="Password.", examples=["demo123"])]


class Login(Model):
    """A token, and what it opens."""

    token: Annotated[str, Field(description="Give it as `Authorization: Bearer …`.", examples=["eyJ…"])]
    expires_in: Annotated[int, Field(description="Seconds the token is valid.", examples=[86400])]
    portfolio_id: Annotated[
        int | None,
        Field(
            description="The user's first portfolio, the default of every read; null without one.",
            examples=[1],
        ),
    ]
