"""Bring the database to a version of the schema, or say which it has."""

from __future__ import annotations

import click

from fom.config import config_from_env
from fom.services.deployment import migrate
from fom.services.deployment import open_database as open_current


@click.group()
def command() -> None:
    """Bring the database to a version of the schema, or say which it has."""


@command.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Migrate up to REVISION (default: the newest)."""
    click.echo(f"schema {migrate(config_from_env(), revision, is_up=True)}")


@command.command()
@click.argument("revision")
@click.confirmation_option(prompt="Tables and their rows will be dropped. Go on?")
def downgrade(revision: str) -> None:
    """Migrate down to REVISION (`base` = nothing left)."""
    left = migrate(config_from_env(), revision, is_up=False)
    click.echo("nothing left" if left is None else f"schema {left}")


@command.command()
def check() -> None:
    """Say whether the database has the schema that this code needs; exit code 2 if not."""
    open_current(config_from_env(), is_upgraded=False).dispose()
    click.echo("the schema is up to date")
