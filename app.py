"""The application: `create_app()` puts the parts together; `python app.py` serves them."""

from __future__ import annotations

import atexit
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from fom.cli import LazyGroup
from fom.config import Config, config_from_env
from fom.services.deployment import SECRET_FILE, Database
from fom.services.network_switch import NetworkSwitch
from fom.web.alerting import start_keeper
from fom.web.application import build
from fom.web.edge import Edge, now_us


def create_app(config: Config | None = None, *, clock: Callable[[], int] = now_us) -> Flask:
    """Return the application on the settings given, or on those of the environment.

    Database and picture are opened with the first request that needs them, so that commands start without either;
    the picture then follows the clock and other processes by itself.
    """
    config = config or config_from_env()
    database = Database(config.sqlalchemy_url)

    def open_picture() -> Any:
        hosts = NetworkSwitch(config, database, clock=clock)
        hosts.start()
        return hosts

    edge = Edge(config=config, database=database, clock=clock, open_hosts=open_picture)
    app = build(edge, secret_key=config.secret_key or kept_secret(config.data), root=Path(__file__).parent)
    edge.opened.append(lambda: start_keeper(app))
    edge.opened.append(lambda: atexit.register(edge.close))  # for servers that tell nobody when they end
    app.cli = LazyGroup(name=app.name)
    return app


def kept_secret(folder: Path) -> str:
    """Return the data folder's secret, made on first use and readable by its owner only."""
    path = folder / SECRET_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{secrets.token_hex(8)}")
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(scratch, path)  # fails when another process was first: then its secret holds
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    return path.read_text()


if __name__ == "__main__":
    from fom.cli.serve import command

    command(prog_name="app.py")
