"""Create accounts and tokens, list and switch off accounts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from fom.config import config_from_env
from fom.domain.access import CLASSIFICATIONS, OPERATOR, ROLES
from fom.errors import NotFound
from fom.services import accounts
from fom.services.deployment import Database, open_database


@click.group()
def command() -> None:
    """Create accounts and tokens, list and switch off accounts."""


@contextmanager
def opened() -> Iterator[Database]:
    """Yield the deployment's database, migrated; closed in any case."""
    database = open_database(config_from_env())
    try:
        yield database
    finally:
        database.dispose()


def now_us() -> int:
    """Return the moment by the machine's clock."""
    return time.time_ns() // 1000


@command.command()
@click.argument("email")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="May be given repeatedly."
)
@click.option("--name", default="", help="Name as others see it.")
@click.option("--unit", help="Unit whose account this is: its GPS tracks then count as authenticated.")
@click.option("--area", "areas", multiple=True, help="Limit the account to this area; may be given repeatedly.")
@click.option("--clearance", default="confidential", show_default=True, type=click.Choice(CLASSIFICATIONS))
@click.option(
    "--password",
    envvar="FOM_NEW_PASSWORD",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="At least 15 characters; better asked for or in FOM_NEW_PASSWORD than on the command line.",
)
def add(
    email: str,
    roles: tuple[str, ...],
    name: str,
    unit: str | None,
    areas: tuple[str, ...],
    clearance: str,
    password: str,
) -> None:
    """Create the account EMAIL."""
    with opened() as database, database.writing() as session:
        user = accounts.create_user(
            session,
            email=email,
            password=password,
            name=name,
            roles=roles,
            unit=unit,
            areas=areas,
            clearance=clearance,
            actor=OPERATOR,
            now=now_us(),
        )
        click.echo(f"{user.email}: {', '.join(sorted(set(roles)))}")


@command.command()
@click.argument("email")
@click.option("--label", default="command line", show_default=True, help="What the token is for.")
def token(email: str, label: str) -> None:
    """Print a new personal token of EMAIL: shown once, with the rights of its owner."""
    with opened() as database, database.writing() as session:
        text, _ = accounts.issue_token(session, email=email, label=label, actor=OPERATOR, now=now_us())
    click.echo(text)


@command.command("list")
def list_command() -> None:
    """List the accounts with their roles."""
    with opened() as database, database.reading() as session:
        for user in accounts.list_users(session, actor=OPERATOR):
            state = "" if user.active else "  (off)"
            click.echo(f"{user.email}  {', '.join(sorted(role.name for role in user.roles))}  {user.clearance}{state}")


@command.command()
@click.argument("email")
@click.option("--on/--off", "is_active", required=True, help="Let the account sign in, or not any more.")
def switch(email: str, is_active: bool) -> None:
    """Switch the account EMAIL on or off; off ends its logins and tokens at once."""
    with opened() as database, database.writing() as session:
        actor = accounts.find_actor_by_email(session, email)
        if actor is None:
            raise NotFound("user", email)
        user = accounts.get_user(session, actor.user_id)
        accounts.change_user(
            session, user.id, version=user.version, changes={"active": is_active}, actor=OPERATOR, now=now_us()
        )
    click.echo(f"{email}: {'on' if is_active else 'off'}")
