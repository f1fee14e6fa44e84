"""What the planner's form says, read: places, departure, vehicle, halts. Every bad field is named at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.positions import parse_position
from fom.domain.profiles import VARIED
from fom.errors import FieldError, InvalidInput
from fom.services.planning import POSTURE_NAMES, VIA_AT_MOST, PlanWishes
from fom.services.registers import list_register
from fom.web.pages.moment_fields import parse_moment

NAMED = ("site", "air_head", "crossing")
"""Registers whose rows can be named as a start or an end."""
Named = list[tuple[str, str, float, float]]
"""(name, what it is, lon, lat)."""


def named_places(session: Session, *, actor: Actor) -> Named:
    """Return the places that can be named, by name."""
    found = []
    for register in NAMED:
        for row in list_register(session, register, actor=actor):
            what = str(row.get("kind") or register).replace("_", " ")
            found.append((str(row["name"]), what, float(row["lon"]), float(row["lat"])))
            if row.get("code"):
                found.append((str(row["code"]), f"{what} {row['name']}", float(row["lon"]), float(row["lat"])))
    return sorted(found)


def find_place(text: str, named: Named, field: str) -> tuple[float, float]:
    """Return the position meant by a name or a written position.

    Raises
    ------
    InvalidInput
        No such name and not a position, or several places of that name: never picked by the service.
    """
    wanted = text.strip().casefold()
    matches = [place for place in named if place[0].casefold() == wanted]
    spots = {(round(lon, 3), round(lat, 3)) for _, _, lon, lat in matches}
    if len(spots) > 1:
        kinds = ", ".join(f"{what} at {lon:.4f}, {lat:.4f}" for _, what, lon, lat in matches)
        raise InvalidInput.single(field, f"{text!r} names several places", f"one of them by its position: {kinds}")
    if matches:
        return matches[0][2], matches[0][3]
    try:
        lon, lat, _ = parse_position(text, field=field)
    except InvalidInput as refused:
        if any(c.isdigit() for c in text):
            raise
        expected = "a place or air head of the registers, MGRS, or degrees"
        raise InvalidInput.single(field, repr(text), expected) from refused
    return lon, lat


def read_form(form: Mapping[str, str], named: Named) -> dict[str, Any]:
    """Return what `plan_way` takes, without the sites.

    Raises
    ------
    InvalidInput
        Every field that does not say what it should.
    """
    errors: list[FieldError] = []
    asked: dict[str, Any] = {name: form[name] for name in ("profile", "user_class", "posture") if form.get(name)}
    if form.get("posture") and form["posture"] not in POSTURE_NAMES:
        errors.append(FieldError("posture", form["posture"], "one of the choices"))
    for field, name in (("from", "origin"), ("to", "destination")):
        asked[name] = _place(form.get(field, ""), named, field, errors)
    asked["via"] = _via(form.get("via", ""), named, errors)
    asked["at"] = _moment(form.get("at", "").strip(), errors)
    asked["wishes"] = _wishes(form, errors)
    if errors:
        raise InvalidInput(errors)
    return asked


def _place(text: str, named: Named, field: str, errors: list[FieldError]) -> tuple[float, float] | None:
    if not text.strip():
        errors.append(FieldError(field, "nothing", "a place, an air head, MGRS, degrees, or a click on the map"))
        return None
    try:
        return find_place(text, named, field)
    except InvalidInput as refused:
        errors += refused.errors
        return None


def _via(text: str, named: Named, errors: list[FieldError]) -> list[tuple[float, float]]:
    """Return the places of a field with one on each line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > VIA_AT_MOST:
        errors.append(FieldError("via", f"{len(lines)} places", f"at most {VIA_AT_MOST}"))
        return []
    return [place for line in lines if (place := _place(line, named, "via", errors)) is not None]


def _moment(text: str, errors: list[FieldError]) -> int | None:
    if not text:
        return None
    try:
        return parse_moment(text)
    except ValueError:
        errors.append(FieldError("at", text, "a date and time in UTC"))
        return None


def _wishes(form: Mapping[str, str], errors: list[FieldError]) -> PlanWishes:
    dimensions = {name: number for name in VARIED if (number := _number(form, name, errors)) is not None}
    return PlanWishes(
        trade_offs=True,
        departures=True,
        turn_arounds=True,
        on_arrival=form.get("states", "arrival") == "arrival",
        night=form.get("night", "yes") != "no",
        vehicle=dimensions,
        rest_every_h=_number(form, "rest_every_h", errors),
        range_km=_number(form, "range_km", errors),
    )


def _number(form: Mapping[str, str], name: str, errors: list[FieldError]) -> float | None:
    text = form.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        errors.append(FieldError(name, text, "a number"))
        return None
