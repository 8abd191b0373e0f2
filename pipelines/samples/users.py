"""The users of the demonstration [PRD 3.4]. Their passwords are public: they belong on no real database."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A user of the demonstration, with the password in clear."""

    username: str
    password: str
    role: Literal["user", "admin"]


DEMO_USERS: Final = (
    DemoUser("demo_user_1", "demo123", "user"),
    DemoUser("demo_user_2", "demo123", "user"),
    DemoUser("demo_admin", "admin123", "admin"),
)
"""In order of creation."""
