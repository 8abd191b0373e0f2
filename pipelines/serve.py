"""The processes of a running system: API, Dagster web server, daemon. All of them, or none."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import SigmaSightError

ROOT = Path(__file__).parent.parent
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.3


class ServeError(SigmaSightError):
    """A process could not be started, or ended by itself."""


@dataclass(frozen=True)
class Service:
    """A process to run: its name, its command and the port of 127.0.0.1 it listens on, if any."""

    name: str
    command: list[str]
    port: int | None = None

    @property
    def log_name(self) -> str:
        """Name of its log file."""
        return f"{self.name.lower().replace(' ', '-')}.log"


def services(api_port: int, ui_port: int) -> list[Service]:
    """What `sigmasight up` serves."""
    python, workspace = sys.executable, str(ROOT / "workspace.yaml")
    scripts = Path(python).parent
    api = [
        python,
        "-m",
        "uvicorn",
        "api.app:serve",
        "--factory",
        "--host",
        "127.0.0.1",
        "--port",
        str(api_port),
    ]
    ui = [str(scripts / "dagster-webserver"), "-w", workspace, "-h", "127.0.0.1", "-p", str(ui_port)]
    daemon = [str(scripts / "dagster-daemon"), "run", "-w", workspace]
    return [
        Service("API", [*api, "--log-level", "warning"], api_port),
        Service("Dagster UI", [*ui, "--log-level", "warning"], ui_port),
        Service("Dagster daemon", [*daemon, "--log-level", "warning"]),
    ]


def serve(
    wanted: list[Service], environment: Mapping[str, str], logs: Path, on_ready: Callable[[], None]
) -> None:
    """Run the services until SIGINT or SIGTERM, or until one ends; then stop those started here.

    logs: folder for what they print, a file each.
    """
    for service in wanted:
        if service.port is not None and _is_listening(service.port):
            raise ServeError(
                f"port {service.port} of 127.0.0.1 is taken: the {service.name} cannot listen there"
            )
    stopping: list[int] = []
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda received, _: stopping.append(received))
    running: list[tuple[Service, subprocess.Popen[bytes]]] = []
    try:
        for service in wanted:
            running.append((service, _start(service, environment, logs)))  # noqa: PERF401 - one that fails must not lose the others
        _wait_until_ready(running, stopping)
        if not stopping:
            on_ready()
        while not stopping:
            _check_alive(running)
            time.sleep(_POLL_SECONDS)
    finally:
        _stop([process for _, process in running])


def _start(service: Service, environment: Mapping[str, str], logs: Path) -> "subprocess.Popen[bytes]":
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A group of its own: Ctrl-C reaches us alone, and we stop children of children too.
    with (logs / service.log_name).open("ab") as log:
        return subprocess.Popen(
            service.command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _wait_until_ready(running: list[tuple[Service, "subprocess.Popen[bytes]"]], stopping: list[int]) -> None:
    waiting = [service.port for service, _ in running if service.port is not None]
    while waiting and not stopping:
        _check_alive(running)
        waiting = [port for port in waiting if not _is_listening(port)]
        time.sleep(_POLL_SECONDS)


def _check_alive(running: list[tuple[Service, "subprocess.Popen[bytes]"]]) -> None:
    for service, process in running:
        if process.poll() is not None:
            raise ServeError(
                f"the {service.name} ended by itself with exit code {process.returncode}: see {service.log_name}"
            )


def _stop(processes: list["subprocess.Popen[bytes]"]) -> None:
    for signum, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        for process in processes:
            _signal_group(process, signum)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(process.poll() is None for process in processes):
            time.sleep(0.1)


def _signal_group(process: "subprocess.Popen[bytes]", signum: int) -> None:
    try:
        os.killpg(process.pid, signum)
    except ProcessLookupError:
        process.poll()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
