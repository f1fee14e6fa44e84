"""Movements: board and week, one movement with live advice, planning, clearances, the close-out in a minute."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import CLASSIFICATIONS, may
from fom.domain.instants import DAY_US, format_instant, parse_instant
from fom.domain.movements import (
    CANCELLED,
    CONTROL_LEVELS,
    ESCORTS,
    STOPPED,
    THROUGH,
    VEHICLE_CLASSES,
    is_only_partner,
    may_see_pattern,
)
from fom.domain.patterns import Departure
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import ACTORS, MOVEMENT_OUTCOMES, MOVEMENT_PURPOSES
from fom.domain.states import State
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.maps.style import letter_of, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.movement_advice import acknowledge_advice, purge_ways
from fom.services.movement_board import (
    Filter,
    pattern_units,
    read_board,
    read_index,
    read_movement,
    read_pattern,
    read_week,
    way_lengths,
)
from fom.services.movement_lines import place_on_way, way_line
from fom.services.movements import (
    PARTNER_CLASSES,
    answer_clearance,
    ask_clearance,
    close_movement,
    depart_movement,
    get_movement,
    plan_movement,
    stretches_here,
)
from fom.services.planning import PlanWishes, plan_way
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.live_map import context_features
from fom.web.pages.movement_form import (
    LEEWAY,
    chosen_first,
    field_moment,
    kept_ways,
    planned_as,
    question_of,
    read_closure,
    read_moment,
    read_plan,
    read_ways,
)
from fom.web.pages.planner_form import named_places
from fom.web.queries import check_query, whole_number

blueprint = Blueprint("movements", __name__)

PHASE_WORDS = {
    "planned": "Planned", "cleared": "Cleared", "under_way": "Under way", "due": "Due, overdue",
    "closed": "Closed today",
}  # fmt: skip
EMPTY_WORDS = {
    "planned": "No movement waits for a clearance.",
    "cleared": "No movement is cleared to leave in the next two days.",
    "under_way": "No movement is on the road.",
    "due": "No movement is overdue.",
    "closed": "No movement was closed since 0000Z.",
}
OUTCOME_WORDS = {
    "proceeded": "Travelled as planned", "proceeded_late": "Arrived late", "rerouted": "Arrived by another way",
    "turned_back": "Turned back", "aborted": "Broken off", "held": "Held",
    "cancelled_no_clearance": "Cancelled, no clearance", "cancelled_other": "Cancelled, other reason",
}  # fmt: skip
PURPOSE_WORDS = {
    "patrol": "Patrol", "convoy": "Convoy", "humanitarian": "Humanitarian delivery", "flight": "Flight",
}  # fmt: skip
VEHICLE_WORDS = {
    "foot": "On foot", "motorcycle": "Motorcycles", "light4x4": "Light 4×4", "truck_le_10t": "Trucks to 10 t",
    "truck_gt_10t": "Trucks over 10 t", "apc": "Armoured carriers", "low_loader": "Low loaders",
}  # fmt: skip
WEEKS_SHOWN_US = 3660 * DAY_US
"""How far from now a week is shown."""
FREE_FILTERS, CODED_FILTERS = ("unit",), {"purpose": MOVEMENT_PURPOSES, "user_class": USER_CLASSES}
PATTERN_HEADERS = {"Cache-Control": "no-store"}


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {"purpose_words": PURPOSE_WORDS, "vehicle_words": VEHICLE_WORDS, "outcome_words": OUTCOME_WORDS}


@blueprint.app_template_global("question_for_movement")
def question_for_movement(form: Mapping[str, str]) -> dict[str, str]:
    """Return what of the planner's question a movement takes over."""
    return {name: form[name] for name in ("from", "to", "via", "profile", "user_class", "at") if form.get(name)}


def _filter() -> Filter:
    asked = {name: request.args.get(name) or None for name in ("purpose", "unit", "user_class")}
    return Filter(**asked)


@blueprint.get("/movements")
@allows("read_picture")
def board() -> Any:
    """Show the movements by phase, the index of the last thirty days, and the pattern of one's own unit."""
    check_query(*FREE_FILTERS, **CODED_FILTERS)
    host, actor, now = edge().host, current_actor(), edge().host.now()
    with reading() as session:
        shown = read_board(session, host, wanted=_filter(), actor=actor)
        index = read_index(session, actor=actor, now=now) if may(actor, "read_benchmarks") else None
        units = pattern_units(session, actor=actor)
        patterns = {unit: read_pattern(session, unit, actor=actor, now=now) for unit in units}
    return render_template(
        "movements/board.html", board=shown, index=index, patterns=_worst_first(patterns), wanted=_filter(),
        phase_words=PHASE_WORDS, empty_words=EMPTY_WORDS, purposes=MOVEMENT_PURPOSES, user_classes=USER_CLASSES,
        area_names=_area_names(),
    )  # fmt: skip


def _area_names() -> dict[str, str]:
    """Return id -> name of the administrative units on the context map; read again when its files are others."""
    folder = edge().config.data / "context"
    return _names_in(str(folder), folder.stat().st_mtime_ns if folder.is_dir() else 0)


@lru_cache(maxsize=4)
def _names_in(folder: str, _stamp: int) -> dict[str, str]:
    named = (feature.get("properties") or {} for feature in context_features()) if folder else ()
    return {str(p["id"]): str(p["name"]) for p in named if p.get("id") and p.get("name")}


def _worst_first(patterns: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return sorted(((u, p) for u, p in patterns.items() if p.departures), key=lambda row: (not row[1].warns, row[0]))


@blueprint.get("/movements/week")
@allows("read_picture")
def week() -> Any:
    """Show seven days from a date: who moves when, and who would meet whom on road of single flow."""
    check_query("from", *FREE_FILTERS, **CODED_FILTERS)
    host, errors = edge().host, list[FieldError]()
    text = request.args.get("from", "").strip()
    start = today = host.now() // DAY_US * DAY_US
    try:
        start = parse_instant(f"{date.fromisoformat(text)}T00:00Z") if text else today
    except ValueError:
        errors.append(FieldError("from", text, "a date, such as 2026-11-29"))
    if abs(start - today) > WEEKS_SHOWN_US:
        errors.append(FieldError("from", text, "a date within ten years"))
        start = today
    with reading() as session:
        shown = read_week(session, host, start, wanted=_filter(), actor=current_actor())
        units = sorted({r["unit"] for r in list_register(session, "movement", actor=current_actor()) if r["unit"]})
    others = {name: value for name, value in request.args.items() if name != "from" and value}
    page = render_template(
        "movements/week.html", week=shown, wanted=_filter(), purposes=MOVEMENT_PURPOSES, units=units, errors=errors,
        user_classes=USER_CLASSES, start=field_moment(start)[:10],
        before=urlencode({**others, "from": field_moment(start - 7 * DAY_US)[:10]}),
        after=urlencode({**others, "from": field_moment(start + 7 * DAY_US)[:10]}),
    )  # fmt: skip
    return page, 422 if errors else 200


@blueprint.get("/movements/<movement_id>")
@allows("read_picture")
def show(movement_id: str) -> Any:
    """Show one movement: how its way stands for it now, what was told, clearances, what may be done."""
    return _page(movement_id)


def _page(movement_id: str, *, errors: Any = (), typed: Mapping[str, str] | None = None, status: int = 200) -> Any:
    host, actor = edge().host, current_actor()
    with reading() as session:
        movement = get_movement(session, movement_id, actor=actor, now=host.now())
        shown = read_movement(session, host, movement, actor=actor)
    ways = [stretches_here(host, way, movement["planned_as"]) for way in movement["ways"]]
    lines = [way_line(host.network, way) for way in ways]
    keys = ["best", "alternate-1", "alternate-2"]
    settings = {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        "credit": network_credit(host.network),
        "question": {"profile": movement["profile"] or "P3", "user_class": movement["user_class"]},
        "plans": [{"key": k, "geometry": line} for k, line in zip(keys, lines, strict=False) if line is not None],
        "ends": [[p["lon"], p["lat"]] for p in (movement["origin"], movement["destination"]) if p],
    }  # fmt: skip
    page = render_template(
        "movements/movement.html", m=shown, settings=settings, phase_words=PHASE_WORDS, errors=errors,
        typed=typed or {}, parties=ACTORS, clearance_id=str(uuid.uuid4()), report_link=_report_link(movement, ways),
        letter_of=lambda name: letter_of(State[name]), stopped=STOPPED,
    )  # fmt: skip
    return page, status


def _report_link(movement: Mapping[str, Any], ways: list[list[dict[str, Any]]]) -> str | None:
    """Return the restriction report, filled in, for what stopped a movement."""
    if movement["outcome"] not in (*STOPPED, "cancelled_no_clearance"):
        return None
    known = {"control": "denial", "user_class": movement["user_class"], "words": f"Movement {movement['code']}. "}
    if movement["actual_end"]:
        known["occurred"] = field_moment(movement["actual_end"])
    if movement["party"] and movement["party"] != "mission":
        known["imposed_by"] = movement["party"]
    if movement["stop_place"]:
        known["place_text"] = movement["stop_place"]
    if movement["stop_km"] is not None and ways:
        place = place_on_way(edge().host.network, ways[0], movement["stop_km"] * 1000)
        if place is not None:
            known |= {"position": f"{place[0]}, {place[1]}", "position_source": "map"}
    return url_for("report.show", name="restriction", **known)


# planning


@blueprint.get("/movements/new")
@allows("edit_movements")
def new() -> Any:
    """Show the form of a new movement; the planner's question comes in the address."""
    form = {"id": str(uuid.uuid4()), **request.args.to_dict()}
    if form.get("at"):
        form.setdefault("planned_start", form["at"])
    form.setdefault("planned_start", field_moment(edge().host.now() + DAY_US // 24))
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
    form |= {name: field_moment(movement[name]) for name in ("planned_start", "planned_end")}
    form |= {"from": (movement["origin"] or {}).get("name", ""), "to": (movement["destination"] or {}).get("name", "")}
    form["via"] = "\n".join(place["name"] for place in movement["via"] or ())
    form["ways"] = json.dumps({"ways": movement["ways"], "planned_as": movement["planned_as"] or {}})
    form["way"] = movement["ways"][0]["title"] if movement["ways"] else "none"
    form["asked"] = question_of(movement)
    return _form(form, [], is_asked=False)


_PLAIN = (
    "id", "version", "code", "purpose", "user_class", "unit", "profile", "classification", "planned_t", "route",
    "from_site", "to_site", "admin_unit", "escort", "escort_by", "control_level", "notes",
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
        values, errors = read_plan(form, named_places(session, actor=actor), actor=actor)
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
    if is_asked:
        values, errors = read_plan(form, named, actor=actor)
        errors = [e for e in errors if e.field in ("from", "to", "via", "planned_start") or e.field == "vehicles"]
        if not errors:
            outcome, errors = _find_ways(form, values)
    ways, _ = read_ways(form.get("ways", ""))
    if ways and form.get("way") not in {way["title"] for way in ways} | {"none"}:
        form["way"] = ways[0]["title"] if ways[0]["title"] != "Unverified" else "none"
    shown = {"from", "to", "via", "planned_start", "planned_end", "vehicles", "planned_t", "escort_by", "form"}
    shown |= {"purpose", "user_class", *(f"count_{name}" for name in VEHICLE_CLASSES)}
    page = render_template(
        "movements/form.html", form=form, errors=errors, ways=ways, outcome=outcome, named=named, routes=routes,
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
        proposed = Departure(form.get("id", ""), parse_instant(start), way_lengths(chosen))
    with reading() as session:
        return read_pattern(session, unit, actor=actor, now=edge().host.now(), proposed=proposed)


# clearances, leaving, advice


@blueprint.post("/movements/<movement_id>/clearances")
@allows("edit_movements")
def ask(movement_id: str) -> Any:
    """Note a clearance that was asked for."""
    form = request.form.to_dict()
    errors: list[FieldError] = []
    asked_at = read_moment(form, "asked_at", errors)
    wanted = {name: form.get(name, "").strip() or None for name in ("id", "asked_of", "party", "reference")}
    if errors:
        return _page(movement_id, errors=errors, typed=form, status=422)
    return _act(
        movement_id, "Noted.", form,
        lambda session, now: ask_clearance(
            session, movement_id, {**wanted, "asked_at": asked_at}, actor=current_actor(), now=now
        ),
    )  # fmt: skip


@blueprint.post("/movements/<movement_id>/clearances/<clearance_id>")
@allows("edit_movements")
def answer(movement_id: str, clearance_id: str) -> Any:
    """Enter the answer to a clearance."""
    form = request.form.to_dict()
    said = {name: form.get(name, "").strip() or None for name in ("answer", "reference", "conditions")}
    version = whole_number(form.get("version", "")) or 0
    return _act(
        movement_id, "Answer entered.", form,
        lambda session, now: answer_clearance(
            session, clearance_id, said, version=version, actor=current_actor(), now=now
        ),
    )  # fmt: skip


@blueprint.post("/movements/<movement_id>/depart")
@allows("edit_movements", "send_report")
def depart(movement_id: str) -> Any:
    """Say that it left just now."""
    form = request.form.to_dict()
    version = whole_number(form.get("version", "")) or 0
    return _act(
        movement_id, "It has left.", form,
        lambda session, now: depart_movement(session, movement_id, version=version, actor=current_actor(), now=now),
    )  # fmt: skip


@blueprint.post("/movements/<movement_id>/advice/<int:number>")
@allows("edit_movements", "send_report")
def acknowledge(movement_id: str, number: int) -> Any:
    """Acknowledge an advice."""
    form = request.form.to_dict()
    return _act(
        movement_id, "Acknowledged.", form,
        lambda session, now: acknowledge_advice(session, number, actor=current_actor(), now=now),
    )  # fmt: skip


def _act(movement_id: str, words: str, form: Mapping[str, str], act: Callable[[Any, int], Any]) -> Any:
    """Run one act in a transaction of its own and go back to where it was asked for."""
    try:
        with writing() as (session, now):
            act(session, now)
        flash(words, "done")
    except InvalidInput as refused:
        return _page(movement_id, errors=list(refused.errors), typed=form, status=422)
    except Conflict as conflict:
        errors = [FieldError("form", str(conflict), "what stands below now")]
        return _page(movement_id, errors=errors, typed=form, status=409)
    except NotPermitted as refused:
        flash(str(refused), "refused")
    if form.get("back") == "board":
        return redirect(url_for("movements.board"), code=303)
    return redirect(url_for("movements.show", movement_id=movement_id), code=303)


# closing


@blueprint.get("/movements/<movement_id>/close")
@allows("edit_movements", "send_report")
def close(movement_id: str) -> Any:
    """Ask how it ended, with the times filled in."""
    now = edge().host.now()
    with reading() as session:
        movement = get_movement(session, movement_id, actor=current_actor(), now=now)
    form = {
        "version": str(movement["version"]),
        "actual_start": field_moment(movement["actual_start"] or min(movement["planned_start"], format_instant(now))),
        "actual_end": field_moment(now),
        "travelled": "planned" if movement["ways"] else "not_said",
        "delivered_t": "" if movement["planned_t"] is None else f"{movement['planned_t']:g}",
        "verify": "yes",
    }
    return _close_page(movement, form, [])


@blueprint.post("/movements/<movement_id>/close")
@allows("edit_movements", "send_report")
def close_out(movement_id: str) -> Any:
    """Close it out; of two who do so at once the second is shown what differs."""
    form, actor = request.form.to_dict(), current_actor()
    version = whole_number(form.get("version", "")) or 0
    errors: list[FieldError] = []
    try:
        said = read_closure(form)
        if said["outcome"] in CANCELLED or said["outcome"] in STOPPED:
            said["delivered_t"] = said["delivered_t"] if form.get("delivered_typed") else None
        with writing() as (session, now):
            closed = close_movement(session, edge().host, movement_id, said, version=version, actor=actor, now=now)
            purge_ways(session, now=now)
        flash(f"{closed['code']} is closed: {OUTCOME_WORDS[closed['outcome']].lower()}.", "done")
        return redirect(url_for("movements.show", movement_id=movement_id), code=303)
    except InvalidInput as refused:
        errors, differs, status = list(refused.errors), None, 422
    except Conflict as conflict:
        errors, status = [FieldError("form", str(conflict), "one close-out")], 409
        differs = conflict.details.get("differs", [])
        current: Any = conflict.details["current"]
        form["version"] = str(current["version"])
    with reading() as session:
        movement = get_movement(session, movement_id, actor=actor, now=edge().host.now())
    return _close_page(movement, form, errors, differs=differs, status=status)


def _close_page(
    movement: Mapping[str, Any],
    form: Mapping[str, str],
    errors: list[FieldError],
    *,
    differs: Any = None,
    status: int = 200,
) -> Any:
    if not movement["may_close"]:
        raise NotPermitted("a movement is closed by its unit or by movement control")
    if movement["is_purged"]:
        raise NotFound("open movement", movement["id"])
    page = render_template(
        "movements/close.html", m=movement, form=form, errors=errors, differs=differs, outcomes=MOVEMENT_OUTCOMES,
        groups=(("It got there", THROUGH), ("It was stopped", STOPPED), ("It did not leave", CANCELLED)),
        parties=ACTORS,
        loose=[e for e in errors if e.field not in ("outcome", "actual_start", "actual_end", "stop_km", "delay_min",
                                                     "delivered_t", "party", "form")],
    )  # fmt: skip
    return page, status
