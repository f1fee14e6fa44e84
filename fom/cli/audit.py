"""Verify the audit chain, and keep its signed daily head."""

from __future__ import annotations

import click

from fom.cli.user import now_us, opened
from fom.config import config_from_env
from fom.domain.access import OPERATOR
from fom.errors import BadReferenceData
from fom.services.auditing import keep_daily_head, verify_audit
from fom.services.deployment import find_secret

EXIT_BROKEN = 1


@click.group()
def command() -> None:
    """Verify the audit chain, and keep its signed daily head."""


@command.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Compare the whole chain with itself and with the heads kept in the data folder; exit code 1 if broken."""
    config = config_from_env()
    with opened() as database, database.reading() as session:
        report = verify_audit(session, folder=config.data, secret=_secret(), actor=OPERATOR)
    for problem in report.problems:
        click.echo(problem, err=True)
    click.echo(f"{report.count} lines, head {report.head.number} {report.head.hash}")
    if not report.is_intact:
        ctx.exit(EXIT_BROKEN)
    click.echo("intact")


@command.command()
def head() -> None:
    """Write today's signed head to the data folder, once a day; copy that file to another machine."""
    with opened() as database, database.reading() as session:
        signed = keep_daily_head(session, folder=config_from_env().data, secret=_secret(), now=now_us())
    click.echo("written already" if signed is None else f"{signed.day}: line {signed.head.number} {signed.head.hash}")


def _secret() -> str:
    secret = find_secret(config_from_env())
    if secret is None:
        raise BadReferenceData("no secret: set FOM_SECRET_KEY, or start the service once so that it makes one")
    return secret
