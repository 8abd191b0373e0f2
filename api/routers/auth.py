"""Logging in."""

import math
import re
from datetime import UTC, datetime
from typing import Final

import anyio
from fastapi import APIRouter, Request

from api.database import Database
from api.errors import ProblemError
from api.passwords import verify_password
from api.reads.statements import statement
from api.schemas.auth import Credentials, Login
from api.security import unauthenticated
from api.throttle import Throttle
from api.tokens import LIFETIME_SECONDS, Principal, issue

router = APIRouter(tags=["auth"])

_USERNAME: Final = re.compile(r"[\x21-\x7e]{1,64}")
"""Other names exist nowhere; they are never looked up."""


@router.post("/auth/login", operation_id="login", summary="Get a token")
async def login(request: Request, credentials: Credentials) -> Login:
    """Exchange a user's name and password for a token. Wrong name and wrong password look alike, in time too."""
    throttle: Throttle = request.app.state.throttle
    address = request.client.host if request.client else ""
    wait = throttle.attempt(credentials.username, address)
    if wait > 0.0:
        seconds = str(math.ceil(wait))
        detail = f"too many failed logins; try again in {seconds} s"
        raise ProblemError(429, detail, headers={"Retry-After": seconds})
    user = await _verified(request, credentials)
    throttle.succeeded(credentials.username, address)
    token = issue(request.app.state.jwt_key, user, datetime.now(UTC))
    return Login(token=token, expires_in=LIFETIME_SECONDS, portfolio_id=user.portfolio_id)


async def _verified(request: Request, credentials: Credentials) -> Principal:
    """Return the user of these credentials; 401 if there is none."""
    database: Database = request.app.state.database
    given = {"username": credentials.username}
    row = (
        await database.row(statement("api/login"), given)
        if _USERNAME.fullmatch(credentials.username)
        else None
    )
    user_id, password_hash, portfolio_id = row if row is not None else (None, None, None)
    right = await anyio.to_thread.run_sync(
        verify_password,
        credentials.password.get_secret_value(),
        password_hash,
        limiter=request.app.state.password_limiter,
    )
    if not right or user_id is None:
        raise unauthenticated("the user name or the password is wrong", "wrong_credentials")
    request.state.user_id = user_id
    return Principal(user_id, portfolio_id)
