"""A local HTTP server that speaks as the vendors do, and misbehaves when told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.vendors.faults import Faults, Reply


class Api(Protocol):
    """One vendor."""

    def reply(self, url: str, headers: Any) -> Reply: ...


@dataclass
class Server:
    """requests: every path with its query, in order."""

    url: str
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)

    def count(self, part: str = "") -> int:
        return sum(part in path for path in self.requests)


@contextmanager
def serving(api: Api) -> Iterator[Server]:
    """Serve on a free port of the loopback interface."""
    state = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            state.requests.append(self.path)
            (status, headers, body), cut = state.faults.spoil(
                urlsplit(self.path).path, api.reply(self.path, self.headers)
            )
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2] if cut else body)
            except OSError:
                cut = True
            if cut:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        state.url = f"http://127.0.0.1:{http.server_address[1]}"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield state
        finally:
            http.shutdown()
            thread.join()
