"""Plan a way between two places by a facts file, without a database.

Formats: docs/formats.md, docs/plan-format.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import orjson

from fom.cli._wishes import read_sites, read_wishes, wish_options
from fom.cli.assess import read_json, write_whole
from fom.config import config_from_env
from fom.domain.positions import parse_position
from fom.domain.profiles import USER_CLASSES
from fom.network.shelf import find_artefact, open_network
from fom.services.planning import ALTERNATES_AT_MOST, POSTURE_NAMES, plan_facts


@click.command()
@click.option(
    "--network", required=True, help="A built network (its folder, id or name), or a hand-drawn network file."
)
@click.option("--facts", required=True, type=click.Path(path_type=Path), help="Facts file (GeoJSON).")
@click.option("--from", "origin", required=True, help="LON,LAT in degrees, WGS 84, or MGRS.")
@click.option("--to", "destination", required=True, help="As --from.")
@click.option("--via", multiple=True, help="To pass on the way; may be given several times, in order.")
@click.option("--at", required=True, help="Departure: ISO 8601 with Z or an offset.")
@click.option("--known-at", help="Only what had been received by then (default: the departure).")
@click.option("--profile", default="P3", show_default=True, help="P1 to P7, or a profile of the facts file.")
@click.option("--user-class", default=USER_CLASSES[0], show_default=True, help=f"One of {', '.join(USER_CLASSES)}.")
@click.option("--posture", default="balanced", show_default=True, help=f"One of {', '.join(POSTURE_NAMES)}.")
@click.option("--alternates", default=ALTERNATES_AT_MOST, show_default=True, type=int, help="At most so many besides.")
@wish_options
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Answer file (default: standard output).")
def command(
    network: str,
    facts: Path,
    origin: str,
    destination: str,
    via: tuple[str, ...],
    at: str,
    known_at: str | None,
    profile: str,
    user_class: str,
    posture: str,
    alternates: int,
    sites: Path | None,
    out: Path | None,
    **wishes: Any,
) -> None:
    """Write the best way, alternates, or what stands in the way. Refused input ends with exit code 2 and no file."""
    document = read_json(facts, "facts")
    shelf = config_from_env().networks
    answer = plan_facts(
        open_network(shelf, network),
        document,
        origin=_position("from", origin),
        destination=_position("to", destination),
        via=[_position(f"via[{i}]", text) for i, text in enumerate(via)],
        at=at,
        known_at=known_at,
        profile=profile,
        user_class=user_class,
        posture=posture,
        alternates=alternates,
        wishes=read_wishes(**wishes),
        sites=read_sites(sites),
        folder=find_artefact(shelf, network),
    )
    content = orjson.dumps(answer, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        sys.stdout.buffer.write(content)
    else:
        write_whole(out, content)
    click.echo(_summary(answer), err=True)


def _position(field: str, text: str) -> tuple[float, float]:
    try:
        lon, lat = (float(part) for part in text.split(","))
    except ValueError:
        return parse_position(text, field=field)[:2]
    return lon, lat


def _summary(answer: dict[str, Any]) -> str:
    best = answer["best"]
    if best is None:
        return f"no route: {answer['outcome']}"
    length, time = f"{best['distance_m'] / 1000:.1f} km", f"{best['duration_s'] / 60:.0f} min"
    return f"{length}, {time}, {best['state']}, alternates: {len(answer['alternates'])}"
