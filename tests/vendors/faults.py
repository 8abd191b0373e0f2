"""What the test server does wrong, and how often."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


@dataclass
class Fault:
    """Spoils the next `times` replies to paths that contain `path`; `reply` makes of a good reply a bad one."""

    reply: Callable[[Reply], Reply]
    times: int = 1
    path: str = ""
    cut: bool = False


@dataclass
class Faults:
    """Those still to come, first to last."""

    coming: list[Fault] = field(default_factory=list)

    def add(self, *faults: Fault) -> None:
        self.coming += faults

    def spoil(self, path: str, reply: Reply) -> tuple[Reply, bool]:
        """The reply as it goes out, and whether its body is cut in half."""
        for fault in self.coming:
            if fault.times and fault.path in path:
                fault.times -= 1
                return fault.reply(reply), fault.cut
        return reply, False


def status(code: int, body: bytes = b"<html>sorry</html>", **headers: str) -> Callable[[Reply], Reply]:
    return lambda _: (code, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def slow(seconds: float) -> Callable[[Reply], Reply]:
    def wait(reply: Reply) -> Reply:
        time.sleep(seconds)
        return reply

    return wait


def body(content: bytes) -> Callable[[Reply], Reply]:
    return lambda reply: (reply[0], reply[1], content)


def storm(times: int, retry_after: str = "7") -> Fault:
    """429s, each saying when to come back."""
    return Fault(status(429, b'{"status":"ERROR","error":"slow down"}', Retry_After=retry_after), times)


def half(times: int = 1) -> Fault:
    """The connection is closed in the middle of the body."""
    return Fault(lambda reply: reply, times, cut=True)
