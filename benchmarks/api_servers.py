"""The servers that are measured, of one worker each: the API as it is, without some of its memory, and a constant."""

import datetime as dt
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

import api.app
from api.app import create_app
from api.reads.answer import Answer
from api.reads.memory import Key, Memory, Remembered
from benchmarks.firm_book import LAST_SESSION

NOW = dt.datetime.combine(LAST_SESSION, dt.time(23), dt.UTC)


class OfQuestions(Memory):
    """Remembers questions and what they are about, but takes no answer for current."""

    def keep(self, key: Key, remembered: Remembered) -> None:
        """Remember a question without its answer."""
        said = remembered.answer
        answer = Answer(said.body, said.etag, None, said.next_close, said.statements)
        super().keep(key, Remembered(remembered.reading, answer, remembered.route, remembered.expires_at))


@contextmanager
def served(kind: str) -> Iterator[int]:
    """A server process of one worker; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(kind, port), daemon=True)
    process.start()
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.join()


def _serve(kind: str, port: int) -> None:
    # The log of requests is written, as it would be, but not shown.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if kind == "asking":
        vars(api.app)["Memory"] = OfQuestions
    if kind == "forgetful":
        os.environ["SIGMASIGHT_API_MEMORY_MB"] = "0"
    app = _constant() if kind == "constant" else create_app(now=lambda: NOW)
    if kind == "outdated":
        app.state.now = lambda: app.state.changes.changed() or NOW
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)


def _constant() -> FastAPI:
    app = FastAPI()

    @app.get("/constant")
    async def constant() -> dict[str, str]:
        return {"status": "ok"}

    return app
