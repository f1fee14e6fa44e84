"""The form of a subscription: what it says, read; its area chosen from the register, drawn, or round a place."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template, request

from fom.domain.alerts import CHECKS, MOVES, WATCHED_KINDS
from fom.domain.geojson import geometry_to_json
from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import FieldError, InvalidInput
from fom.maps.layers import circle
from fom.maps.style import letter_of
from fom.services.alerts.subscriptions import SUBSCRIPTIONS_MAX, SubscriptionDraft, get_subscription
from fom.services.registers import list_register
from fom.web.access import current_actor
from fom.web.alerting import outside
from fom.web.edge import edge, reading
from fom.web.pages.map_settings import map_settings
from fom.web.pages.planner_form import find_place, named_places
from fom.web.pages.register_forms import positions_text, read_positions

MOVE_WORDS = {
    "stretch_worse": "Any stretch gets worse",
    "stretch": "Any stretch changes",
    "route_worse": "The worst state along the whole gets worse",
    "route": "The worst state along the whole changes",
    "none": "No change of state",
}
CHECK_WORDS = {
    "verification": "Verifications past their interval",
    "review": "Reviews of routes, areas, studies and damage",
    "inspection": "Inspections of air heads, crossings, sites and assets",
    "task": "Tasks past their date",
    "expiry": "States set by hand and orders that end soon",
    "follow_up": "Follow-ups and replies of restriction cases",
    "movement": "Movements that have not left or arrived",
}
MOVEMENTS_WORDS = {
    "none": "None but those marked below",
    "unit": "Movements of my unit",
    "all": "Every movement that I may see",
}
MOVEMENTS_SHOWN = 60
"""Open movements to choose from, the next to leave first."""
AREAS = ("none", "registered", "drawn", "round", "kept")
"""How the area is given; `kept` leaves one that a program gave as it is."""
FLAGS = ("unit_routes", "email")
LISTS = {"routes": 200, "states": 5, "kinds": 6, "checks": len(CHECKS), "movement_ids": 200}
CAME_MAX = 100
CORNERS_MAX = 200
RADIUS_MAX_KM = 300.0
"""Of a circle round a place: most of a country; larger than that is every key route. Project judgement."""

Form = dict[str, Any]


def new_form(routes: list[str], movements: list[str]) -> Form:
    """Return an empty form, with some key routes or movements marked; of movements alone no change of state."""
    return {
        "id": str(uuid.uuid4()), "moves": "none" if movements and not routes else "stretch_worse",
        "profile": "P3", "user_class": USER_CLASSES[0], "routes": routes, "kinds": [], "states": [], "checks": [],
        "area": "none", "movements": "none", "movement_ids": movements,
    }  # fmt: skip


def read_form(subscription_id: str) -> Form:
    """Return what was sent, as far as it can be shown again."""
    form = request.form

    def text(name: str, most: int = CAME_MAX) -> str:
        return form.get(name, "").replace("\x00", "").strip()[:most]

    def several(name: str, most: int) -> list[str]:
        return [one.replace("\x00", "")[:CAME_MAX] for one in form.getlist(name)[:most]]

    version = text("version")
    return {
        "id": subscription_id, "version": int(version) if _is_number(version) else None, "title": text("title", 200),
        **{name: several(name, most) for name, most in LISTS.items()}, **{name: name in form for name in FLAGS},
        "area": text("area") or ("registered" if text("area_id") else "none"), "area_id": text("area_id"),
        "corners": text("corners", 40 * CORNERS_MAX), "place": text("place"), "radius_km": text("radius_km", 20),
        **{name: text(name) for name in ("moves", "profile", "user_class")},
        "movements": text("movements") or "none",
        **{name: text(name, 600) or None for name in ("webhook", "quiet_from", "quiet_to")},
    }  # fmt: skip


def draft_of(form: Form) -> SubscriptionDraft:
    """Return what a form asks for. InvalidInput names what is wrong with its area."""
    names = (
        "id",
        "version",
        "title",
        "moves",
        "movements",
        "profile",
        "user_class",
        "webhook",
        "quiet_from",
        "quiet_to",
    )
    values: Form = {name: form[name] for name in names}
    values |= {f"is_{name}": form[name] for name in FLAGS}
    values |= {name: tuple(form[name]) for name in LISTS}
    return SubscriptionDraft(**values, **_area(form))


def area_fields(found: Mapping[str, Any]) -> Form:
    """Return the area of a subscription as the form's fields: a plain polygon by its corners."""
    geometry = found["geometry"]
    if geometry is None:
        return {"area": "none" if found["area_id"] is None else "registered"}
    rings = geometry["coordinates"]
    is_plain = geometry["type"] == "Polygon" and len(rings) == 1 and len(rings[0]) <= CORNERS_MAX + 1
    if found["area_id"] is not None or not is_plain:
        return {"area": "kept"}
    return {"area": "drawn", "corners": positions_text(rings[0][:-1])}


def _area(form: Form) -> dict[str, Any]:
    """Return `area_id` and `geometry` as the form gives them."""
    nothing: dict[str, Any] = {"area_id": None, "geometry": None}
    way = form["area"]
    if way == "registered":
        if not form["area_id"]:
            raise InvalidInput.single("area_id", "nothing", "one of the areas")
        return nothing | {"area_id": form["area_id"]}
    if way == "drawn":
        corners = read_positions(form["corners"], "corners")
        if not 3 <= len(corners) <= CORNERS_MAX:
            raise InvalidInput.single("corners", f"{len(corners)} positions", f"3 to {CORNERS_MAX}, in order round it")
        return nothing | {"geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}}
    if way == "round":
        return nothing | {"geometry": _circle(form)}
    if way == "kept" and form["version"] is not None:
        with reading() as session:
            kept = get_subscription(session, outside(), form["id"], actor=current_actor())
        return {name: kept[name] for name in nothing}
    if way != "none":
        raise InvalidInput.single("area", way, "one of " + ", ".join(AREAS))
    return nothing


def _circle(form: Form) -> dict[str, Any] | None:
    errors: list[FieldError] = []
    lon = lat = 0.0
    try:
        with reading() as session:
            lon, lat = find_place(form["place"], named_places(session, actor=current_actor()), "place")
    except InvalidInput as refused:
        errors += refused.errors
    try:
        radius_km = float(form["radius_km"].replace(",", "."))
    except ValueError:
        radius_km = math.nan
    if not 0.1 <= radius_km <= RADIUS_MAX_KM:
        errors.append(FieldError("radius_km", form["radius_km"] or "nothing", f"0.1 to {RADIUS_MAX_KM:g} km"))
    if errors:
        raise InvalidInput(errors)
    return geometry_to_json(circle(lon, lat, 1000 * radius_km))


def render_form(form: Form, errors: Any = ()) -> str:
    """Return the page of the form."""
    actor = current_actor()
    with reading() as session:
        routes = list_register(session, "key_route", actor=actor)
        areas = list_register(session, "area", actor=actor)
        named = named_places(session, actor=actor)
        movements = list_register(session, "movement", actor=actor)
    shapes = [
        {"type": "Feature", "geometry": row["geometry"], "properties": {"id": row["id"], "name": row["name"]}}
        for row in areas
        if row["geometry"] is not None
    ]
    return render_template(
        "alerts/form.html", form=form, errors=errors, routes=routes, areas=areas, moves=MOVES, move_words=MOVE_WORDS,
        movements=_choosable(movements, form["movement_ids"]), movements_words=MOVEMENTS_WORDS,
        kinds=WATCHED_KINDS, checks=CHECKS, check_words=CHECK_WORDS, states=list(State.__members__),
        letter_of=lambda name: letter_of(State[name]), named=named, shapes=shapes, settings=map_settings(),
        profiles=sorted(edge().host.profiles.values(), key=lambda p: p.name), user_classes=USER_CLASSES,
        outside=outside(), zone=edge().config.mission_zone, most=SUBSCRIPTIONS_MAX, corners_max=CORNERS_MAX,
    )  # fmt: skip


def _choosable(movements: Sequence[Mapping[str, Any]], marked: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the movements to choose from: those marked, then open ones."""
    rows = [row for row in movements if row["id"] in marked or row["outcome"] is None]
    return sorted(rows, key=lambda row: (row["id"] not in marked, row["planned_start"], row["code"]))[:MOVEMENTS_SHOWN]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
