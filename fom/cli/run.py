"""Set a mission up when there is none yet, then serve it: the demo, or the area of a map file."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

import click

from fom.cli.demo import describe_accounts, install_demo
from fom.cli.network import build_with_progress
from fom.cli.serve import config_with, serve
from fom.cli.user import now_us
from fom.config import Config
from fom.domain.access import OPERATOR
from fom.errors import Conflict
from fom.services import accounts
from fom.services.deployment import is_in_use, open_database
from fom.services.policies import activate_network, active_network

DEMO_MARK = "demo"
"""Folder in the data folder that only the demo makes."""
FIRST_ACCOUNT = "chief@mission.local"


@click.command()
@click.option("--host", help="Address to listen on (FOM_HOST, else 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (FOM_PORT, else 8000).")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder (FOM_DATA, else data).")
@click.option(
    "--network",
    "map_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Map file of the area; without it an empty data folder becomes the demo mission.",
)
def command(host: str | None, port: int | None, data: Path | None, map_file: Path | None) -> None:
    """Set a mission up when there is none yet, then serve it until Ctrl-C."""
    config = config_with(host=host, port=port, data=data)
    if map_file is not None:
        _set_up_area(config, map_file)
    elif not _is_set_up(config):
        click.echo("making the demo mission (once, about a minute)")
        install_demo(config, now=now_us(), say=lambda text: click.echo(f"  {text}"))
    if (config.data / DEMO_MARK).exists():
        config = replace(config, mission=config.mission if config.mission != Config.mission else "Demo mission")
        click.echo(describe_accounts())
    click.echo(f"serving at http://{config.host}:{config.port}  (Ctrl-C ends it)")
    serve(config)


def _is_set_up(config: Config) -> bool:
    database = open_database(config)
    try:
        with database.reading() as session:
            return active_network(session) is not None
    finally:
        database.dispose()


def _set_up_area(config: Config, map_file: Path) -> None:
    """Build the map file's network and activate it; the first time, also make an account that can begin.

    Raises
    ------
    Conflict
        Records are bound to another network already.
    """
    database = open_database(config)
    try:
        with database.reading() as session:
            before = active_network(session)
        if before is not None and is_in_use(database):
            raise Conflict("the data folder holds a mission already; start it without NETWORK, or choose DATA=…")
        network = build_with_progress(map_file, config.networks)
        with database.writing() as session:
            activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now_us())
            if accounts.find_actor_by_email(session, FIRST_ACCOUNT) is None:
                password = secrets.token_urlsafe(15)
                accounts.create_user(
                    session, email=FIRST_ACCOUNT, password=password, name="Chief JOC",
                    roles=["chief_joc", "administrator"], unit="JOC", clearance="strictly_confidential",
                    actor=OPERATOR, now=now_us(),
                )  # fmt: skip
                click.echo(f"first account: {FIRST_ACCOUNT}  password (shown once): {password}")
    finally:
        database.dispose()
