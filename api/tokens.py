"""JSON web tokens: HS256 and nothing else, for this API, for a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import jwt

ALGORITHM: Final = "HS256"
ISSUER: Final = "sigmasight"
AUDIENCE: Final = "sigmasight-api"
LIFETIME_SECONDS: Final = 86_400


class TokenError(Exception):
    """The token proves nothing. `code` is expired_token or invalid_token."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user, and the portfolio meant when none is named (None: the user had none at login)."""

    user_id: int
    portfolio_id: int | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is valid: whom it is for, and until when (seconds since 1970)."""

    principal: Principal
    expires_at: float


def issue(key: str, principal: Principal, now: datetime) -> str:
    """Return a signed token that is valid from `now` for LIFETIME_SECONDS."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(principal.user_id),
        "pid": principal.portfolio_id,
        "iat": now,
        "exp": now + timedelta(seconds=LIFETIME_SECONDS),
    }
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def verify(key: str, token: str) -> Token:
    """Return what a token says; TokenError unless we signed it for this API and it has not expired."""
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["iss", "aud", "sub", "iat", "exp"]},
        )
        portfolio_id = claims.get("pid")
        user = Principal(int(claims["sub"]), None if portfolio_id is None else int(portfolio_id))
        return Token(user, float(claims["exp"]))
    except jwt.ExpiredSignatureError:
        raise TokenError("expired_token") from None
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise TokenError("invalid_token") from None
