"""Serve pages and API with gunicorn until Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from fom.config import Config, config_from_env
from fom.services.deployment import open_database

STOP_GRACE_S = 2
"""Seconds that running requests get after Ctrl-C; open streams end by themselves within half of one."""


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one application, configured from our settings instead of its command line."""

    def __init__(self, config: Config) -> None:
        self.settings = config
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn its settings: threads, so that every open stream has one and requests have the rest."""
        for name, value in gunicorn_settings(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Return the application; runs in each worker."""
        from app import create_app

        return create_app(self.settings)


def gunicorn_settings(config: Config) -> dict[str, Any]:
    """Return gunicorn's settings: gthread, because every open live map holds a thread."""
    return {
        "bind": f"{config.host}:{config.port}",
        "workers": config.workers,
        "threads": config.threads,
        "worker_class": "gthread",
        "worker_connections": max(1000, config.threads * 4),
        "timeout": 120,
        "graceful_timeout": STOP_GRACE_S,
        "keepalive": 5,
        "limit_request_line": 8190,
        "limit_request_fields": 60,
        "limit_request_field_size": 8190,
        "forwarded_allow_ips": "127.0.0.1",
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "fom",
        "post_worker_init": _begin,
        "worker_int": _end_streams,
        "worker_exit": _close,
    }


def _end_streams(worker: Any) -> None:
    """Runs in a signal handler: only say that it is over; streams look twice a second."""
    application = getattr(worker, "wsgi", None)  # a worker that is still loading it has no such attribute
    if application is not None:
        application.extensions["fom"].closing.set()


def _begin(worker: Any) -> None:
    """Open the picture at once, and let SIGTERM end a worker as Ctrl-C does.

    Both then answer the running requests and wait for no idle connection.
    """
    worker.wsgi.extensions["fom"].warm_up()
    signal.signal(signal.SIGTERM, worker.handle_quit)


def _close(_server: Any, worker: Any) -> None:
    """Let running requests end, then leave at once: taking a large interpreter apart in order would take seconds.

    A request that waits for the picture to open would hold the worker for as long as that takes; it gets the grace.
    The parts end after the requests, so that what these still show is written down.
    """
    application = getattr(worker, "wsgi", None)
    if application is None:
        return
    end = threading.Timer(STOP_GRACE_S, os._exit, (0,))
    end.daemon = True
    end.start()
    parts = application.extensions["fom"]
    parts.closing.set()
    worker.tpool.shutdown(wait=True)
    parts.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def serve(config: Config) -> None:
    """Bring the database up to date, say the address and serve until interrupted.

    Raises
    ------
    ClickException
        The address cannot be listened on.
    """
    _check_address(config.host, config.port)
    with suppress(KeyboardInterrupt):  # before the server takes signals itself
        open_database(config).dispose()
        click.echo(f"serving at http://{config.host}:{config.port}  (Ctrl-C ends it)")
        Server(config).run()


def _check_address(host: str, port: int) -> None:
    """Say in one sentence why an address cannot be had, before the server tries again and again."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as refused:
        reason = refused.strerror or str(refused)
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {reason}; PORT=… or --port chooses another"
        ) from None


@click.command()
@click.option("--host", help="Address to listen on (FOM_HOST, else 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (FOM_PORT, else 8000).")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder (FOM_DATA, else data).")
def command(host: str | None, port: int | None, data: Path | None) -> None:
    """Serve pages and API until Ctrl-C."""
    serve(config_with(host=host, port=port, data=data))


def config_with(*, host: str | None = None, port: int | None = None, data: Path | None = None) -> Config:
    """Return the settings of the environment with those given on the command line in their place."""
    env = dict(os.environ)
    given = {"FOM_HOST": host, "FOM_PORT": port, "FOM_DATA": data}
    env.update({name: str(value) for name, value in given.items() if value is not None})
    try:
        return config_from_env(env)
    except ValueError as refused:
        raise click.UsageError(str(refused)) from None
