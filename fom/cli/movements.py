"""Take out the ways of movements that ended more than 90 days ago."""

from __future__ import annotations

import click

from fom.cli.user import now_us, opened
from fom.services.movement_advice import purge_ways


@click.group()
def command() -> None:
    """Take out the ways of movements that ended more than 90 days ago."""


@command.command()
def purge() -> None:
    """Over which roads a unit moved is kept for 90 days. The service does this too, with each plan and close-out."""
    with opened() as database, database.writing() as session:
        count = purge_ways(session, now=now_us())
    click.echo(f"{count} movements have no way any more")
