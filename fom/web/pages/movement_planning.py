"""Planning a movement: its form, the ways that are found for it, saving it; the leg of a flight."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import CLASSIFICATIONS
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.movements import (
    CONTROL_LEVELS,
    ESCORTS,
    VEHICLE_CLASSES,
    is_only_partner,
    may_see_pattern,
)
from fom.domain.patterns import Departure
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import MOVEMENT_PURPOSES
from fom.domain.states import State
from fom.errors import Conflict, FieldError, InvalidInput, NotPermitted
from fom.maps.style import letter_of
from fom.services.air_heads import approved_types
from fom.services.movement_advice import purge_ways
from fom.services.movement_flights import LEG
from fom.services.movement_pattern import read_pattern, way_lengths
from fom.services.movements import PARTNER_CLASSES, get_movement, plan_movement
from fom.services.planning import PlanWishes, plan_way
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.alerting import note_plan, note_ways
from fom.web.edge import edge, reading, writing
from fom.web.pages.moment_fields import moment_text, read_moment
from fom.web.pages.movement_form import (
    LEEWAY,
    chosen_first,
    kept_ways,
    planned_as,
    question_of,
    read_plan,
    read_ways,
)
from fom.web.pages.planner_form import named_places
from fom.web.queries import whole_number

blueprint = Blueprint("movement_planning", __name__)


@blueprint.get("/movements/new")
@allows("edit_movements")
def new() -> Any:
    """Show the form of a new movement; the planner's question comes in the address."""
    form = {"id": str(uuid.uuid4()), **request.args.to_dict()}
    if form.get("at"):
        form.setdefault("planned_start", form["at"])
    form.setdefault("planned_start", moment_text(edge().host.now() + DAY_US // 24))
    form.setdefault("unit", current_actor().unit or "")
    if is_only_partner(current_actor()):
        form.setdefault("purpose", "humanitarian")
        form.setdefault("user_class", "humanitarian")
    form.setdefault("user_class", USER_CLASSES[0])
    return _form(form, [], is_asked=bool(form.get("from") and form.get("to")))


@blueprint.post("/movements/new")
@allows("edit_movements")
def make() -> Any:
    """Find the ways first; then save the movement with the one chosen."""
    return _save(request.form.to_dict(), version=None)


@blueprint.get("/movements/<movement_id>/edit")
@allows("edit_movements")
def edit(movement_id: str) -> Any:
    """Show the form of a movement that is there."""
    with reading() as session:
        movement = get_movement(session, movement_id, actor=current_actor(), now=edge().host.now())
    if not movement["may_change"] or movement["outcome"] is not None:
        raise NotPermitted("this movement is not open, or not yours to change")
    form = {name: "" if movement[name] is None else str(movement[name]) for name in _PLAIN}
    form |= {f"count_{row['class']}": str(row["count"]) for row in movement["vehicles"]}
    form |= {name: moment_text(movement[name]) for name in ("planned_start", "planned_end")}
    form |= {"from": (movement["origin"] or {}).get("name", ""), "to": (movement["destination"] or {}).get("name", "")}
    form["via"] = "\n".join(place["name"] for place in movement["via"] or ())
    form["ways"] = json.dumps({"ways": movement["ways"], "planned_as": movement["planned_as"] or {}})
    form["way"] = movement["ways"][0]["title"] if movement["ways"] else "none"
    form["asked"] = question_of(movement)
    if movement["profile"] is not None:
        note_ways([movement])
    return _form(form, [], is_asked=False)


_PLAIN = (
    "id", "version", "code", "purpose", "user_class", "unit", "profile", "classification", "planned_t", "route",
    "from_site", "to_site", "admin_unit", "escort", "escort_by", "control_level", "notes", *LEG,
)  # fmt: skip


@blueprint.post("/movements/<movement_id>/edit")
@allows("edit_movements")
def change(movement_id: str) -> Any:
    """Save a changed plan."""
    form = {**request.form.to_dict(), "id": movement_id}
    return _save(form, version=whole_number(form.get("version", "")) or 0)


def _save(form: dict[str, str], *, version: int | None) -> Any:
    actor = current_actor()
    with reading() as session:
        named = named_places(session, actor=actor)
        values, errors = read_plan(form, named, profiles=edge().host.profiles, actor=actor)
    if errors:
        return _form(form, errors, is_asked=False)
    asked = question_of(values)
    has_ends = values["origin"] is not None and values["destination"] is not None and values["purpose"] != "flight"
    if form.get("do") == "plan" or (has_ends and form.get("asked") != asked):
        return _form(form, [], is_asked=True, was_changed=form.get("do") != "plan" and bool(form.get("asked")))
    ways, planned = read_ways(form.get("ways", ""))
    values["ways"] = chosen_first(ways, form.get("way", "")) if has_ends else []
    values["planned_as"] = planned or None
    if values["planned_end"] is None and values["ways"]:
        lasts_us = round(float(values["ways"][0].get("duration_s") or 0) * LEEWAY * 1e6)
        values["planned_end"] = format_instant(parse_instant(values["planned_start"]) + lasts_us)
    try:
        with writing() as (session, now):
            saved = plan_movement(session, values, version=version, actor=actor, now=now)
            purge_ways(session, now=now)
    except InvalidInput as refused:
        return _form(form, list(refused.errors), is_asked=False)
    except Conflict as conflict:
        return _form(form, [FieldError("form", str(conflict), "the plan as it stands now")], is_asked=False, status=409)
    flash(f"{saved['code']} is planned.", "done")
    return redirect(url_for("movements.show", movement_id=saved["id"]), code=303)


def _form(
    form: dict[str, str],
    errors: list[FieldError],
    *,
    is_asked: bool,
    was_changed: bool = False,
    status: int | None = None,
) -> Any:
    """Return the form, with the ways when they are asked for, and the pattern that the movement would go on with."""
    host, actor = edge().host, current_actor()
    outcome = None
    with reading() as session:
        named = named_places(session, actor=actor)
        routes = list_register(session, "key_route", actor=actor)
        air_heads = list_register(session, "air_head", actor=actor)
    if is_asked:
        values, errors = read_plan(form, named, profiles=host.profiles, actor=actor)
        errors = [e for e in errors if e.field in ("from", "to", "via", "planned_start", "vehicles", "profile")]
        if not errors:
            outcome, errors = _find_ways(form, values)
    ways, _ = read_ways(form.get("ways", ""))
    if ways and form.get("way") not in {way["title"] for way in ways} | {"none"}:
        form["way"] = ways[0]["title"] if ways[0]["title"] != "Unverified" else "none"
    shown = {"from", "to", "via", "planned_start", "planned_end", "vehicles", "planned_t", "escort_by", "form"}
    shown |= {"from_air_head", "to_air_head", "aircraft_type"}
    shown |= {"purpose", "user_class", *(f"count_{name}" for name in VEHICLE_CLASSES)}
    page = render_template(
        "movements/form.html", form=form, errors=errors, ways=ways, outcome=outcome, named=named, routes=routes,
        air_heads=air_heads, aircraft_types=sorted({kind for row in air_heads for kind in approved_types(row)}),
        loose=[e for e in errors if e.field not in shown], was_changed=was_changed,
        purposes=("humanitarian",) if is_only_partner(actor) else MOVEMENT_PURPOSES,
        user_classes=PARTNER_CLASSES if is_only_partner(actor) else USER_CLASSES,
        profiles=sorted(host.profiles.values(), key=lambda p: p.name), vehicle_classes=VEHICLE_CLASSES,
        control_levels=CONTROL_LEVELS, escorts=ESCORTS, is_new=not form.get("version"),
        classifications=CLASSIFICATIONS[: CLASSIFICATIONS.index(actor.clearance) + 1],
        pattern=_proposed_pattern(form, ways), letter_of=lambda name: letter_of(State[name]),
    )  # fmt: skip
    return page, status or (422 if errors else 200)


def _find_ways(form: dict[str, str], values: Mapping[str, Any]) -> tuple[str | None, list[FieldError]]:
    """Plan the ways of a form into it; return why there is none, and the bad fields."""
    host = edge().host
    now, start = host.now(), parse_instant(values["planned_start"])
    ends = {name: values[name] for name in ("origin", "destination")}
    missing = [
        FieldError(f, "nothing", "a place") for n, f in (("origin", "from"), ("destination", "to")) if not ends[n]
    ]
    if missing:
        return None, missing
    try:
        plan = plan_way(
            host, origin=_lonlat(ends["origin"]), destination=_lonlat(ends["destination"]),
            via=[_lonlat(place) for place in values["via"]], profile=values["profile"],
            user_class=values["user_class"] or USER_CLASSES[0], at=start if start > now else None,
            wishes=PlanWishes(on_arrival=start > now), actor=current_actor(),
        )  # fmt: skip
    except InvalidInput as refused:
        return None, list(refused.errors)
    note_plan(plan)
    found = {"ways": kept_ways(plan), "planned_as": planned_as(plan, host.edition_at(host.now()).number)}
    form["ways"], form["asked"] = json.dumps(found), question_of(values)
    form["way"] = ""
    return str(plan["outcome"]), []


def _lonlat(place: Mapping[str, Any]) -> tuple[float, float]:
    return place["lon"], place["lat"]


def _proposed_pattern(form: Mapping[str, str], ways: list[dict[str, Any]]) -> Any:
    """Return the pattern of the unit with the movement that is being planned, for those who may see it."""
    actor, unit = current_actor(), form.get("unit", "").strip()
    if not unit or not may_see_pattern(actor, unit):
        return None
    chosen = next((way for way in ways if way["title"] == form.get("way")), None)
    errors: list[FieldError] = []
    start = read_moment(form, "planned_start", errors)
    proposed = None
    if chosen is not None and start is not None:
        proposed = Departure(form.get("id", ""), start, way_lengths(chosen))
    with writing() as (session, now):
        return read_pattern(session, unit, actor=actor, now=now, proposed=proposed)
