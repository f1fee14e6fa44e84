"""Places as people name them: a position in any notation, or a row of a register that lies somewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, visible
from fom.domain.positions import parse_position
from fom.errors import InvalidInput, NotFound
from fom.services.registers import get_register
from fom.store.tables.registers import Site

PLACED_REGISTERS = ("air_head", "crossing", "site", "key_route")
"""Registers whose rows have a position; of a key route one of its ends."""
NAMESAKES_MAX = 12
ROUTE_ENDS = {"start": 0, "end": -1}

LonLat = tuple[float, float]


def find_place(session: Session, place: object, *, field: str, actor: Actor) -> LonLat:
    """Return (lon, lat) of a place: `[lon, lat]`, a text in any notation, or `{register, id, end}`.

    Raises
    ------
    InvalidInput
        Not a place; `field` is named.
    NotFound
        The row is not there, or the actor may not see it.
    """
    if isinstance(place, str):
        return parse_position(place, field=field)[:2]
    if isinstance(place, Mapping):
        return _of_row(session, place, field, actor)
    if isinstance(place, Sequence) and len(place) == 2 and all(_is_number(value) for value in place):
        return float(place[0]), float(place[1])
    raise InvalidInput.single(field, repr(place)[:60], "[lon, lat], a position as text, or {register, id}")


def list_namesakes(session: Session, name: str, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the sites of a name, or whose name holds it, exact ones first: for a person to choose, never by itself.

    Source: doctrine, section 9.4.
    """
    wanted = " ".join(name.casefold().split())
    if len(wanted) < 2:
        return []
    query = select(Site).where(Site.name.icontains(wanted, autoescape=True)).order_by(Site.name, Site.id)
    rows = [row for row in session.scalars(query) if visible(actor, row)]
    rows.sort(key=lambda row: (row.name.casefold() != wanted, row.name, row.id))
    return [
        {"id": r.id, "name": r.name, "kind": r.kind, "lon": r.lon, "lat": r.lat, "population": r.population}
        for r in rows[:NAMESAKES_MAX]
    ]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _of_row(session: Session, place: Mapping[str, Any], field: str, actor: Actor) -> LonLat:
    register = place.get("register")
    if register not in PLACED_REGISTERS:
        raise InvalidInput.single(f"{field}.register", repr(register)[:40], "one of " + ", ".join(PLACED_REGISTERS))
    row = get_register(session, register, str(place.get("id")), actor=actor)
    if register != "key_route":
        return row["lon"], row["lat"]
    end = place.get("end", "start")
    if end not in ROUTE_ENDS:
        raise InvalidInput.single(f"{field}.end", repr(end)[:40], "start or end")
    if not row["via"]:
        raise NotFound("end of key route", row["id"])
    lon, lat = row["via"][ROUTE_ENDS[end]]
    return float(lon), float(lat)
