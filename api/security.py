"""Who asks: the bearer's token, checked on every route that answers with somebody's data."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.errors import ProblemError
from api.tokens import Principal, TokenError, verify

_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_bearer = HTTPBearer(
    auto_error=False, bearerFormat="JWT", description="The token that POST /api/v1/auth/login returns."
)


def unauthenticated(detail: str, code: str = "not_authenticated") -> ProblemError:
    """Return the 401."""
    return ProblemError(401, detail, code=code, headers=_CHALLENGE)


async def principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """Return whom the request's token is for; 401 without one that we signed and that is still valid."""
    if credentials is None:
        raise unauthenticated("give the token of a login as `Authorization: Bearer …`")
    try:
        found = verify(request.app.state.jwt_key, credentials.credentials)
    except TokenError as error:
        expired = error.code == "expired_token"
        detail = "the token has expired; log in again" if expired else "the token is not valid"
        raise unauthenticated(detail, error.code) from None
    request.state.user_id = found.principal.user_id
    request.state.token_expires_at = found.expires_at
    return found.principal


Caller = Annotated[Principal, Depends(principal)]
