"""What the options of `plan` say beyond from, to and when: the same members as the body of `POST /api/v1/plans`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fom.cli.assess import read_json
from fom.domain.profiles import VARIED
from fom.errors import FieldError, InvalidInput
from fom.services.planning import PlanWishes

STATES = ("departure", "arrival")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}

_OPTIONS = (
    click.option("--vehicle", help="Own dimensions: a JSON object, or mass_t=8,mlc=8,night=no."),
    click.option("--states", default=STATES[0], show_default=True, help="Roads as at departure, or on arrival."),
    click.option("--trade-offs", is_flag=True, help="The ways that weigh time against risk."),
    click.option("--departures", is_flag=True, help="When to leave in the next 24 h."),
    click.option("--turn-arounds", is_flag=True, help="Where a convoy can turn round."),
    click.option("--rest-every-h", type=float, help="Halts so that nobody drives longer, hours."),
    click.option("--range-km", type=float, help="Halts for fuel so that no leg is longer, kilometres."),
    click.option(
        "--sites", type=click.Path(path_type=Path), help="Places to halt at, as GET /api/v1/sites answers (JSON)."
    ),
)


def wish_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command; it takes them as `**said` for `read_wishes` and `read_sites`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_wishes(
    *,
    vehicle: str | None,
    states: str,
    trade_offs: bool,
    departures: bool,
    turn_arounds: bool,
    rest_every_h: float | None,
    range_km: float | None,
) -> PlanWishes:
    """Return the wishes. InvalidInput with every member that does not say what it should."""
    errors: list[FieldError] = []
    if states not in STATES:
        errors.append(FieldError("states", repr(states), " or ".join(STATES)))
    members = {} if vehicle is None else _vehicle(vehicle, errors)
    night = members.pop("night", True)
    if errors:
        raise InvalidInput(errors)
    return PlanWishes(
        trade_offs=trade_offs,
        on_arrival=states == "arrival",
        departures=departures,
        turn_arounds=turn_arounds,
        rest_every_h=rest_every_h,
        range_km=range_km,
        vehicle=members,
        night=night,
    )


def read_sites(path: Path | None) -> object:
    """Return the rows of a file of sites: a list, or an object with `rows`; without a file none."""
    document = [] if path is None else read_json(path, "sites")
    return document.get("rows") if isinstance(document, dict) else document


def _vehicle(text: str, errors: list[FieldError]) -> dict[str, Any]:
    stated = _stated(text, errors)
    members: dict[str, Any] = {}
    for name, value in stated.items():
        is_truth = isinstance(value, bool)
        if name == "night":
            is_good, expected = is_truth, "true or false"
        elif name in VARIED:
            is_good, expected = isinstance(value, int | float) and not is_truth, "a number"
        else:
            is_good, expected = False, "one of " + ", ".join((*VARIED, "night"))
        if is_good:
            members[name] = value
        elif value is not None or name not in VARIED:
            errors.append(FieldError(f"vehicle.{name}", repr(value), expected))
    return members


def _stated(text: str, errors: list[FieldError]) -> dict[str, Any]:
    """Return the members of a JSON object, or of pairs member=value."""
    if text.lstrip().startswith("{"):
        try:
            stated = json.loads(text)
        except ValueError as problem:
            errors.append(FieldError("vehicle", text[:60], f"a JSON object ({problem})"))
            return {}
        return stated if isinstance(stated, dict) else {}
    found: dict[str, Any] = {}
    for pair in text.split(","):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or not name:
            errors.append(FieldError("vehicle", repr(pair), "a JSON object, or member=value, for example mass_t=8"))
        else:
            found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    if text.lower() in _TRUTHS:
        return _TRUTHS[text.lower()]
    try:
        return float(text)
    except ValueError:
        return text
