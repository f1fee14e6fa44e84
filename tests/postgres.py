"""A private PostgreSQL with PostGIS for the tests: made in a temporary folder, gone afterwards.

``python -m tests.postgres COMMAND …`` runs a command with FOM_TEST_POSTGRES set to a fresh server and ends the
server with it. Where PostgreSQL is missing the command runs without the variable, and the tests that need it skip.
Needs an account other than root for the server; as root it borrows `postgres`, the account of Debian's package.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

ENGINES = ("sqlite", "postgres")
"""What tests of the store, services and processes run on."""
VARIABLE = "FOM_TEST_POSTGRES"
SERVER_ACCOUNT = "postgres"


def find_server_programs() -> Path | None:
    """Return the folder that holds `initdb` and `pg_ctl` of the newest installed version, or None."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(folders, key=lambda path: float(path.parent.parent.name))
    return newest[-1].parent if newest else None


def run_as_server(command: list[str], folder: Path) -> None:
    """Run a server program in `folder`, as an account that is not root; CalledProcessError with its output."""
    user = SERVER_ACCOUNT if os.geteuid() == 0 else None
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"HOME": str(folder)}
    log = folder / "commands.log"
    with log.open("a") as out:
        done = subprocess.run(
            command, cwd=folder, user=user, group=user, extra_groups=[] if user else None, env=environment,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.stderr.write(log.read_text())
        raise subprocess.CalledProcessError(done.returncode, command)


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(programs: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield the SQLAlchemy URL of a fresh server's database with PostGIS, and what restarts the server.

    At the end the server is stopped and deleted.

    Data are not synced to disk (`fsync=off`): the server lives for one test run.
    """
    folder = Path(tempfile.mkdtemp(prefix="fom-postgres-"))
    data, port = folder / "data", free_port()
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam(SERVER_ACCOUNT)
            os.chown(folder, account.pw_uid, account.pw_gid)
        run_as_server(
            [str(programs / "initdb"), "-D", str(data), "-U", "fom", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            folder,
        )
        options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        control = [str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "server.log")]
        run_as_server([*control, "-o", options, "start"], folder)
        try:
            psql = ["psql", "-h", str(folder), "-p", str(port), "-U", "fom", "-v", "ON_ERROR_STOP=1", "-q"]
            run_as_server([*psql, "-d", "postgres", "-c", "CREATE DATABASE fom"], folder)
            run_as_server([*psql, "-d", "fom", "-c", "CREATE EXTENSION postgis"], folder)
            restart = partial(run_as_server, [*control, "-o", options, "-m", "fast", "restart"], folder)
            yield f"postgresql+psycopg://fom@127.0.0.1:{port}/fom", restart
        finally:
            run_as_server([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Run the command beside a server; return its exit code."""
    if not command:
        sys.stderr.write("usage: python -m tests.postgres COMMAND …\n")
        return 2
    programs = find_server_programs()
    if os.environ.get(VARIABLE) or programs is None:
        if programs is None:
            sys.stderr.write("PostgreSQL is not installed: tests that need it will skip\n")
        return subprocess.run(command, check=False).returncode
    with server(programs) as (url, _):
        return subprocess.run(command, env=os.environ | {VARIABLE: url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
