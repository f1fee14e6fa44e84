"""Judge every segment of a network by a facts file, without a database.

Formats: docs/formats.md.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import orjson

from fom.config import config_from_env
from fom.domain.profiles import USER_CLASSES
from fom.errors import InvalidInput
from fom.network.shelf import open_network
from fom.services.assessing import assess_facts


@click.command()
@click.option(
    "--network", required=True, help="A built network (its folder, id or name), or a hand-drawn network file."
)
@click.option("--facts", required=True, type=click.Path(path_type=Path), help="Facts file (GeoJSON).")
@click.option("--at", required=True, help="Time of travel: ISO 8601 with Z or an offset.")
@click.option("--known-at", help="Only what had been received by then (default: the time of travel).")
@click.option("--profile", default="P3", show_default=True, help="P1 to P7, or a profile of the facts file.")
@click.option("--user-class", default=USER_CLASSES[0], show_default=True, help=f"One of {', '.join(USER_CLASSES)}.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Answer file to write.")
def command(network: str, facts: Path, at: str, known_at: str | None, profile: str, user_class: str, out: Path) -> None:
    """Write the state of every segment with its reasons. Refused input ends with exit code 2 and no file."""
    document = read_json(facts, "facts")
    roads = open_network(config_from_env().networks, network)
    answer = assess_facts(roads, document, at=at, known_at=known_at, profile=profile, user_class=user_class)
    write_whole(out, orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    click.echo(f"{len(answer['segments'])} rows in {out}", err=True)


def read_json(path: Path, field: str) -> Any:
    """Return the JSON document in a file.

    Raises
    ------
    InvalidInput
        No such file, not UTF-8, or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InvalidInput.single(field, f"{path}: {problem.strerror}", "a file that can be read") from None
    except (ValueError, RecursionError) as problem:
        raise InvalidInput.single(field, f"{path}: {problem}", "a JSON document in UTF-8") from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises
    ------
    InvalidInput
        The folder is not there or may not be written.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        scratch.write_bytes(content)
        scratch.replace(path)
    except OSError as problem:
        scratch.unlink(missing_ok=True)
        raise InvalidInput.single(
            "out", f"{path}: {problem.strerror}", "a file in a folder that can be written"
        ) from None
