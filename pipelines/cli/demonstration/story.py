"""How the demonstration is told: steps, the commands they are made of, and claims that are true or end it."""

import contextlib
import io
import shlex
from collections.abc import Callable, Iterable

from pipelines.errors import SigmaSightError


class UntrueClaimError(SigmaSightError):
    """The demonstration claimed something that is not so; the message names it."""


class Story:
    """Tells what happens, and keeps the claims that were found to be true."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._steps = 0
        self.claims: list[str] = []

    def step(self, title: str) -> None:
        """Begin a numbered step."""
        self._steps += 1
        self._say(f"\n{self._steps}. {title}")

    def say(self, text: str) -> None:
        """Tell a line of a step."""
        self._say(f"   {text}")

    def quote(self, lines: Iterable[str], shown: int | None = None) -> None:
        """Show lines of output: all, or the first `shown` and how many more there are, or for 0 nothing."""
        given = [] if shown == 0 else list(lines)
        few = given if shown is None or len(given) <= shown + 1 else given[:shown]
        for line in few:
            self._say(f"   │ {line}".rstrip())
        if len(few) < len(given):
            self._say(f"   │ … {len(given) - len(few):,} more lines")

    def claim(self, text: str, holds: bool, otherwise: object = "") -> None:
        """State what must be so; UntrueClaimError with what is so `otherwise`."""
        if not holds:
            self._say(f"   ✗ {text}")
            raise UntrueClaimError(f"untrue: {text}" + (f" ({otherwise})" if otherwise else ""))
        self._say(f"   ✓ {text}")
        self.claims.append(text)

    def command(self, *arguments: str, shown: int | None = None) -> str:
        """Run `sigmasight` with arguments, as typed, and return what it prints; it has to end well."""
        from typer.main import get_command

        from pipelines.cli.main import app

        self._say(f"   $ {shlex.join(['sigmasight', *arguments])}")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = get_command(app).main(list(arguments), prog_name="sigmasight", standalone_mode=False)
        self.quote(printed.getvalue().splitlines(), shown)
        if code:
            raise UntrueClaimError(f"`sigmasight {shlex.join(arguments)}` ended with exit code {code}")
        return printed.getvalue()
