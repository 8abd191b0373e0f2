"""What the intake refuses that is no row of a file; each has a stable code."""

from pipelines.errors import SigmaSightError


class IntakeError(SigmaSightError):
    """Something the user gave cannot be accepted. `field` names the option it is about, if one."""

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        self.code = code
        self.message = message
        self.field = field
        super().__init__(message)


class NotFoundError(IntakeError):
    """It names something that is not there."""


class ConflictError(IntakeError):
    """It is there already, and different."""
