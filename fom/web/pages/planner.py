"""The planner: from and to by name, position or a click; the best way, alternates, or what stands in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from fom.domain.access import Actor
from fom.domain.instants import parse_instant
from fom.domain.positions import parse_position
from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import FieldError, InvalidInput
from fom.maps.style import letter_of, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.planning import POSTURE_NAMES, plan_way
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading

blueprint = Blueprint("planner", __name__)

POSTURE_WORDS = {
    "fastest": "Fastest: conditions as they are",
    "balanced": "Balanced: half as long again to stay on open road",
    "safest": "Safest: up to four times as long on open road",
}
OUTCOMES = {
    "blocked_end": "No movement can begin or end there",
    "closed": "No way: closed roads cut the two places apart",
    "unverified": "No verified way. There is one over roads that nobody has verified",
    "not_connected": "No road joins the two places at all",
}
NAMED = ("site", "air_head", "crossing")
"""Registers whose rows can be named as a start or an end."""
Named = list[tuple[str, str, float, float]]
"""(name, what it is, lon, lat)."""


@blueprint.get("/planner")
@allows("read_picture")
def show() -> Any:
    """Show the form, and the plan when both ends are given."""
    host, form, errors = edge().host, request.args.to_dict(), list[FieldError]()
    with reading() as session:
        named = named_places(session, actor=current_actor())
    plan = None
    if form.get("from", "").strip() or form.get("to", "").strip():
        try:
            plan = _plan(form, named)
        except InvalidInput as refused:
            errors = list(refused.errors)
    routes = [] if plan is None else shown_routes(plan)
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network),
        "question": {"profile": form.get("profile") or "P3", "user_class": form.get("user_class") or USER_CLASSES[0]},
        "plans": [{"key": r["key"], "geometry": r["geometry"]} for r in routes],
        "ends": [] if plan is None else [end["asked"] for end in plan["ends"]],
    }  # fmt: skip
    page = render_template(
        "planner/planner.html", form=form, errors=errors, plan=plan, routes=routes, named=named, settings=settings,
        outcomes=OUTCOMES, profiles=sorted(host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
        postures=POSTURE_WORDS, letter_of=lambda name: letter_of(State[name]),
    )  # fmt: skip
    return page, 422 if errors else 200


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


def shown_routes(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of an answer in the order of the page, each with a key and a title."""
    routes = [] if plan["best"] is None else [{**plan["best"], "key": "best", "title": "Best"}]
    routes += [
        {**alternate, "key": f"alternate-{i}", "title": f"Alternate {i}"}
        for i, alternate in enumerate(plan["alternates"], start=1)
    ]
    if plan["unverified"] is not None:
        routes.append({**plan["unverified"], "key": "unverified", "title": "Unverified"})
    return routes


def _plan(form: Mapping[str, str], named: Named) -> dict[str, Any]:
    errors: list[FieldError] = []
    places: dict[str, Sequence[float]] = {}
    for field in ("from", "to"):
        text = form.get(field, "")
        if not text.strip():
            errors.append(FieldError(field, "nothing", "a place, an air head, MGRS, degrees, or a click on the map"))
            continue
        try:
            places[field] = find_place(text, named, field)
        except InvalidInput as refused:
            errors += refused.errors
    at = None
    if departs := form.get("at", "").strip():
        try:
            at = parse_instant(departs if departs[-1] in "Zz" or "+" in departs else departs + "Z")
        except ValueError:
            errors.append(FieldError("at", departs, "a date and time in UTC"))
    if form.get("posture") and form["posture"] not in POSTURE_NAMES:
        errors.append(FieldError("posture", form["posture"], "one of the choices"))
    if errors:
        raise InvalidInput(errors)
    asked: dict[str, Any] = {name: form[name] for name in ("profile", "user_class", "posture") if form.get(name)}
    return plan_way(edge().host, origin=places["from"], destination=places["to"], at=at, actor=current_actor(), **asked)
