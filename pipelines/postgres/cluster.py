"""Creating the data of the embedded server: `initdb`, passwords, and who may log in."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import DatabaseError
from pipelines.postgres import credentials
from pipelines.postgres.binaries import server_programs
from pipelines.postgres.location import data_dir, is_service_uid, server_uid

_HBA = """\
# Every login gives a password, over the socket only. Written by SigmaSight.
local all all scram-sha-256
"""
_INITDB_OPTIONS = (
    f"--username={credentials.SUPERUSER}",
    "--auth=reject",  # nobody can log in before pg_hba.conf is ours
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",  # text sorts by code point: the same on every machine
    "--no-instructions",
)


@dataclass(frozen=True)
class Runner:
    """Runs the server's programs inside a data folder, as a given user."""

    data: Path
    uid: int
    gid: int
    programs: Path

    @property
    def data_argument(self) -> str:
        """How the programs name the data folder: another user may not reach it by its path."""
        here = Path("/proc/self/cwd")
        return str(here) if self._switches_user and here.exists() else str(self.data)

    @property
    def _switches_user(self) -> bool:
        return self.uid != os.geteuid()

    def popen(self, name: str, arguments: Sequence[str], **options: object) -> "subprocess.Popen[str]":
        """Start a program."""
        login = {"user": self.uid, "group": self.gid, "extra_groups": []} if self._switches_user else {}
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        try:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                [str(self.programs / name), *arguments],
                cwd=self.data,
                env=environment,
                umask=0o077,
                text=True,
                **login,
                **options,
            )
        except OSError as error:
            raise DatabaseError(
                f"PostgreSQL does not run as root, nor here as user {self.uid} ({error}): run as a plain "
                "user, or set SIGMASIGHT_DATABASE_URL."
            ) from None

    def run(self, name: str, arguments: Sequence[str], stdin: str = "") -> None:
        """Run a program to its end; DatabaseError with its message when it fails."""
        pipe = subprocess.PIPE
        with self.popen(name, arguments, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT) as process:
            output, _ = process.communicate(stdin)
        if process.returncode != 0:
            raise DatabaseError(f"PostgreSQL's {name} failed: {_last_lines(output)}")


def runner(home: Path) -> Runner:
    """Return what runs the server of a home."""
    uid = server_uid(home)
    if os.geteuid() not in (0, uid):
        raise DatabaseError(f"{data_dir(home)} belongs to another user (uid {uid})")
    return _runner(data_dir(home), uid)


def _runner(data: Path, uid: int) -> Runner:
    gid = os.getegid() if uid == os.geteuid() else uid if is_service_uid(uid) else pwd.getpwuid(uid).pw_gid
    return Runner(data, uid, gid, server_programs(for_another_user=uid != os.geteuid()))


def create(home: Path) -> None:
    """Create the data folder with fresh passwords; it appears under its name only when complete."""
    data, uid = data_dir(home), server_uid(home)
    draft = data.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    passwords = {name: credentials.new_password() for name in (credentials.SUPERUSER, *credentials.Role)}
    with _as_named_user(draft, uid) as tools:
        tools.run("initdb", ["-D", tools.data_argument, *_INITDB_OPTIONS])
        _set_password(tools, passwords[credentials.SUPERUSER])
    (draft / "pg_hba.conf").write_text(_HBA, encoding="ascii")
    credentials.write(home, credentials.server_key(None), passwords)
    draft.rename(data)


def renew_passwords(home: Path) -> None:
    """Give a stopped server new passwords, because its credentials file was lost."""
    passwords = {name: credentials.new_password() for name in (credentials.SUPERUSER, *credentials.Role)}
    with _as_named_user(data_dir(home), server_uid(home)) as tools:
        _set_password(tools, passwords[credentials.SUPERUSER])
    credentials.write(home, credentials.server_key(None), passwords)


def _set_password(tools: Runner, password: str) -> None:
    """Set the superuser's password without a server: nobody could log in to one yet."""
    from sql import query

    statement = query("server/set_superuser_password").format(name=credentials.SUPERUSER, password=password)
    tools.run("postgres", ["--single", "-D", tools.data_argument, "-j", "postgres"], stdin=f"{statement}\n\n")


class _as_named_user:  # noqa: N801 - used as a function
    """Own a data folder for a moment as a user of the password file, which initdb insists on."""

    def __init__(self, data: Path, uid: int) -> None:
        self.data, self.uid = data, uid

    def __enter__(self) -> Runner:
        named = _named_uid() if is_service_uid(self.uid) else self.uid
        tools = _runner(self.data, named)
        _give(self.data, named, tools.gid)
        return tools

    def __exit__(self, *_: object) -> None:
        gid = _runner(self.data, self.uid).gid
        _give(self.data, self.uid, gid)


def _named_uid() -> int:
    for entry in sorted(pwd.getpwall(), key=lambda entry: (entry.pw_name != "nobody", entry.pw_uid)):
        if entry.pw_uid != 0:
            return entry.pw_uid
    raise DatabaseError("PostgreSQL does not run as root and this machine has no other user")


def _give(tree: Path, uid: int, gid: int) -> None:
    """Change the owner of a folder and all in it."""
    if os.geteuid() != 0:
        return
    try:
        for folder, _, files in os.walk(tree):
            for path in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118
                os.chown(path, uid, gid, follow_symlinks=False)
    except OSError as error:
        raise DatabaseError(
            f"PostgreSQL does not run as root, and its data cannot be given to user {uid} ({error}): run as "
            "a plain user, or set SIGMASIGHT_DATABASE_URL."
        ) from None


def _last_lines(text: str, count: int = 3) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-count:])
