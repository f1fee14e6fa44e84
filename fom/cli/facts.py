"""Write the stored facts to a facts file, as known at a moment."""

from __future__ import annotations

import os
from pathlib import Path

import click
import orjson

from fom.cli.user import now_us, opened
from fom.config import config_from_env
from fom.domain.access import OPERATOR
from fom.domain.instants import parse_instant
from fom.errors import InvalidInput
from fom.services.facts_exchange import export_facts
from fom.services.former_networks import names_in_use


@click.group()
def command() -> None:
    """Write the stored facts to a facts file, as known at a moment."""


@command.command()
@click.option("--known-at", help="Only what had been received by then: ISO 8601 with Z or an offset (default: now).")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: print).")
def export(known_at: str | None, out: Path | None) -> None:
    """Write a facts file that gives `assess` the same answers as the service."""
    try:
        moment = now_us() if known_at is None else parse_instant(known_at)
    except ValueError:
        raise InvalidInput.single("--known-at", known_at, "an ISO 8601 time with Z or an offset") from None
    with opened() as database, database.reading() as session:
        document = export_facts(
            session, actor=OPERATOR, known_at=moment, names=names_in_use(session, config_from_env().networks)
        )
    text = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    if out is None:
        click.echo(text, nl=False)
        return
    scratch = out.with_name(f".{out.name}.{os.getpid()}")
    scratch.write_bytes(text)
    scratch.replace(out)
    click.echo(f"{len(document['features'])} records in {out}", err=True)
