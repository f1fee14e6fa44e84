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
from fom.services import accounts
from fom.services.deployment import open_database
from fom.services.policies import activate_network, active_network
from geodata.names import MISSION

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
    if _is_set_up(config):
        if map_file is not None:
            click.echo(f"{config.data} holds a mission already: {map_file.name} is not read (DATA=… begins another)")
    elif map_file is not None:
        _set_up_area(config, map_file)
    else:
        click.echo("making the demo mission (once, about a minute)")
        install_demo(config, now=now_us(), say=lambda text: click.echo(f"  {text}"))
    if (config.data / DEMO_MARK).exists():
        if config.mission == Config().mission:
            config = replace(config, mission=MISSION)
        click.echo(describe_accounts())
    serve(config)


def _is_set_up(config: Config) -> bool:
    database = open_database(config)
    try:
        with database.reading() as session:
            return active_network(session) is not None
    finally:
        database.dispose()


def _set_up_area(config: Config, map_file: Path) -> None:
    """Build the map file's network and activate it, and make an account that can begin; the first time only."""
    network = build_with_progress(map_file, config.networks)
    password = secrets.token_urlsafe(15)
    database = open_database(config)
    try:
        with database.writing() as session:
            now = now_us()
            activate_network(session, network.network_id, network.manifest, actor=OPERATOR, now=now)
            accounts.create_user(
                session, email=FIRST_ACCOUNT, password=password, name="Chief JOC",
                roles=["chief_joc", "administrator"], unit="JOC", clearance="strictly_confidential",
                actor=OPERATOR, now=now,
            )  # fmt: skip
    finally:
        database.dispose()
    click.echo(f"first account: {FIRST_ACCOUNT}  password (shown once): {password}")
