"""Movements: board and week, one movement with live advice; clearances, leaving, check-ins, acknowledging."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.instants import DAY_US, parse_instant
from fom.domain.movements import STOPPED
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import ACTORS, MOVEMENT_PURPOSES
from fom.domain.states import State
from fom.errors import Conflict, FieldError, InvalidInput, NotPermitted
from fom.maps.style import letter_of, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.movement_advice import acknowledge_advice
from fom.services.movement_board import (
    Filter,
    read_board,
    read_index,
    read_movement,
    read_week,
)
from fom.services.movement_check_ins import check_in
from fom.services.movement_clearances import answer_clearance, ask_clearance
from fom.services.movement_closing import depart_movement
from fom.services.movement_lines import place_on_way, way_line
from fom.services.movement_pattern import may_see_patterns
from fom.services.movement_places import way_here
from fom.services.movement_ways import stretches_here
from fom.services.movements import get_movement
from fom.services.political_calendar import list_dates
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.alerting import note_movements
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing
from fom.web.pages.moment_fields import moment_text, read_moment
from fom.web.pages.movement_form import instant_text, read_number
from fom.web.pages.movement_words import (
    EMPTY_WORDS,
    OUTCOME_WORDS,
    PHASE_WORDS,
    PURPOSE_WORDS,
    SEEN_WORDS,
    VEHICLE_WORDS,
)
from fom.web.pages.planner_form import find_place, named_places
from fom.web.queries import check_query, whole_number

blueprint = Blueprint("movements", __name__)

FREE_FILTERS, CODED_FILTERS = ("unit",), {"purpose": MOVEMENT_PURPOSES, "user_class": USER_CLASSES}
WEEKS_SHOWN_US = 3660 * DAY_US
"""How far from now a week is shown."""


@blueprint.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "purpose_words": PURPOSE_WORDS, "vehicle_words": VEHICLE_WORDS, "outcome_words": OUTCOME_WORDS,
        "seen_words": SEEN_WORDS,
    }  # fmt: skip


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
    """Show the movements by phase, and the index of the last thirty days."""
    check_query(*FREE_FILTERS, **CODED_FILTERS)
    host, actor, now = edge().host, current_actor(), edge().host.now()
    with reading() as session:
        shown = read_board(session, host, wanted=_filter(), actor=actor)
        index = read_index(session, actor=actor, now=now) if may(actor, "read_benchmarks") else None
    note_movements(row for column in shown["columns"] for row in column["rows"])
    return render_template(
        "movements/board.html", board=shown, index=index, has_pattern=may_see_patterns(actor), wanted=_filter(),
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
        dates = list_dates(session, start, start + 7 * DAY_US - 1, actor=current_actor())
        units = sorted({r["unit"] for r in list_register(session, "movement", actor=current_actor()) if r["unit"]})
    note_movements(row for line in shown["grid"] for day in line["days"] for row in day)
    others = {name: value for name, value in request.args.items() if name != "from" and value}
    page = render_template(
        "movements/week.html", week=shown, wanted=_filter(), purposes=MOVEMENT_PURPOSES, units=units, errors=errors,
        user_classes=USER_CLASSES, start=moment_text(start)[:10], dates=dates,
        before=urlencode({**others, "from": moment_text(start - 7 * DAY_US)[:10]}),
        after=urlencode({**others, "from": moment_text(start + 7 * DAY_US)[:10]}),
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
    note_movements([shown])
    ways = [stretches_here(host, way, movement["planned_as"]) for way in movement["ways"]]
    lines = [way_line(host.network, way) for way in ways]
    leg = (shown["flight"] or {}).get("line")
    lines += [] if leg is None else [{"type": "LineString", "coordinates": leg}]
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
        typed=typed or {}, parties=ACTORS, clearance_id=str(uuid.uuid4()), report_link=_report_link(movement),
        check_in_id=str(uuid.uuid4()), question=settings["question"],
        letter_of=lambda name: letter_of(State[name]), stopped=STOPPED,
    )  # fmt: skip
    return page, status


def _report_link(movement: Mapping[str, Any]) -> str | None:
    """Return the restriction report, filled in, for what stopped a movement."""
    if movement["outcome"] not in (*STOPPED, "cancelled_no_clearance"):
        return None
    category = "denial_of_flight" if movement["purpose"] == "flight" else "denial_of_movement"
    known = {"category": category, "outcome": movement["outcome"], "user_class": movement["user_class"]}
    known["words"] = f"Movement {movement['code']}. "
    if movement["actual_end"]:
        known["occurred"] = moment_text(movement["actual_end"])
    if movement["party"] and movement["party"] != "mission":
        known["actor"] = movement["party"]
    if movement["stop_place"]:
        known["place_text"] = movement["stop_place"]
    host = edge().host
    way = way_here(host, movement) if movement["stop_km"] is not None else None
    place = None if way is None else place_on_way(host.network, way, movement["stop_km"] * 1000)
    if place is not None:
        known |= {"position": f"{place.lon}, {place.lat}", "position_source": "map"}
    return url_for("report.show", name="restriction", **known)


# clearances, leaving, advice


@blueprint.post("/movements/<movement_id>/clearances")
@allows("edit_movements")
def ask(movement_id: str) -> Any:
    """Note a clearance that was asked for."""
    form = request.form.to_dict()
    errors: list[FieldError] = []
    asked_at = instant_text(read_moment(form, "asked_at", errors))
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


@blueprint.post("/movements/<movement_id>/check-ins")
@allows("edit_movements", "send_report")
def note_place(movement_id: str) -> Any:
    """Say where it is: by the phone's receiver, a kilometre of its way, or a position written in any usual form."""
    form, errors = request.form.to_dict(), list[FieldError]()
    said: dict[str, Any] = {"id": form.get("id"), "at": instant_text(read_moment(form, "at", errors))}
    said |= {name: read_number(form, name, errors) for name in ("km", "lon", "lat", "accuracy_m")}
    if said["lon"] is not None:
        said["source"] = "device"
    elif form.get("position", "").strip():
        with reading() as session:
            named = named_places(session, actor=current_actor())
        try:
            said["lon"], said["lat"] = find_place(form["position"], named, "position")
        except InvalidInput as refused:
            errors += refused.errors
    if errors:
        return _page(movement_id, errors=errors, typed=form, status=422)
    return _act(
        movement_id, "Noted where it is.", form,
        lambda session, now: check_in(session, edge().host, movement_id, said, actor=current_actor(), now=now),
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
