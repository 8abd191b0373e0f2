"""A load generator in one process: plain HTTP over connections that are kept."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import quantiles

CONNECTIONS = 16
"""Requests in flight: two for each connection of the reader's pool."""


@dataclass
class Load:
    """What a load came to."""

    seconds: float
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds."""
        return quantiles(self.latencies, n=100)[percent - 1] * 1e3


def get(path: str, headers: str = "") -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: benchmark\r\n{headers}\r\n".encode()


async def load(port: int, request: Callable[[], bytes], seconds: float) -> Load:
    """Keep CONNECTIONS requests in flight for so long; SystemExit at an answer that is none."""
    found = Load(seconds)
    deadline = time.perf_counter() + seconds

    async def one() -> None:
        streams = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < deadline:
            status, _ = await _exchange(streams, request())
            if status not in (200, 304):
                raise SystemExit(f"the server answered {status}")
            found.latencies.append(time.perf_counter() - started)
        streams[1].close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return found


async def tags_of(port: int, requests: Mapping[int, bytes]) -> dict[int, str]:
    """The entity tag of the answer to each request, one after the other."""
    streams = await asyncio.open_connection("127.0.0.1", port)
    found = {}
    for name, request in requests.items():
        _, head = await _exchange(streams, request)
        tag = head.lower().partition(b"etag: ")[2].partition(b"\r\n")[0].decode()
        found[name] = tag.replace("w/", "W/")
    streams[1].close()
    return found


async def _exchange(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
) -> tuple[int, bytes]:
    reader, writer = streams
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    if status != 304:
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
    return status, head
