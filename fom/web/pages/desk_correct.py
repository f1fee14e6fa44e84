"""Correcting a report at the desk: a new version with other words, time, place or codes. The old one is kept."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import require
from fom.domain.facts_schema import DAMAGES, EXPLOSIVE_CLASSES
from fom.domain.instants import format_instant
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.errors import Conflict, FieldError, InvalidInput
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.drafts import parse_report
from fom.services.form_words import page_words
from fom.services.named_places import find_place, list_namesakes
from fom.services.reporting import amend_report, body_of, get_report
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.desk import whole_number
from fom.web.pages.moment_fields import parse_moment
from fom.web.pages.report_forms import Place, read_place

blueprint = Blueprint("desk_correct", __name__)
CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "explosive": {"class": EXPLOSIVE_CLASSES, "hazard": ("item", "sha", "cha")},
    "physical": {"damage": DAMAGES},
    "control": {"control": ("denial", "toll", "delay")},
    "incident": {"type": tuple(INCIDENT_WEIGHTS)},
    "verification": {"strength": ("own_patrol_traverse", "partner_convoy_traverse", "imagery", "hearsay")},
}
"""Kind of record -> members that may be corrected -> codes offered."""
NEW_RECORDS: dict[str, tuple[str, dict[str, str]]] = {
    "explosive": ("Explosive item", {"kind": "explosive", "hazard": "item", "class": "unknown_item"}),
    "blocked": ("Road blocked", {"kind": "physical", "damage": "blocked"}),
    "damaged": ("Road or bridge damaged", {"kind": "physical", "damage": "damaged"}),
    "flooded": ("Road flooded", {"kind": "physical", "damage": "flooded"}),
    "denial": ("Turned back or denied", {"kind": "control", "control": "denial", "user_class": "mission_military"}),
    "toll": ("Fee or tax asked", {"kind": "control", "control": "toll"}),
    "armed_robbery": ("Armed robbery", {"kind": "incident", "type": "armed_robbery"}),
    "fire_on_movement": ("Fire on movement", {"kind": "incident", "type": "fire_on_movement"}),
}
"""What a report in words alone can be made to say -> the words, and the record it becomes once it has a place."""


@blueprint.get("/desk/correct/<report_id>")
@allows("send_report", "amend_report")
def show(report_id: str) -> Any:
    """Show the newest version in a form."""
    return _render(report_id, dict(request.args), [])


@blueprint.post("/desk/correct/<report_id>")
@allows("send_report", "amend_report")
def save(report_id: str) -> Any:
    """Read the place back first, then store the new version; what another officer changed meanwhile is shown."""
    form = request.form.to_dict()
    errors: list[FieldError] = []
    body = _read_body(report_id)
    place = _chosen_place(form) or read_place(form, errors)
    changed = _changed(body, form, place, errors)
    if errors:
        return _render(report_id, form, errors), 422
    if place is not None and not form.get("pick") and form.get("seen_position") != form.get("position", "").strip():
        return _render(report_id, {**form, "seen_position": form["position"].strip()}, [], reading_text=place.reading)
    try:
        draft = parse_report(changed)
        base = whole_number(form.get("base_version", "")) or 0
        with writing() as (session, now):
            host = edge().host
            logged = amend_report(
                session, report_id, draft, base_version=base, actor=current_actor(), now=now, network=host.network,
                names=host.names,
            )  # fmt: skip
    except InvalidInput as refused:
        return _render(report_id, form, list(refused.errors)), 422
    except Conflict as conflict:
        return _render(report_id, form, [], conflict=conflict), 409
    words = f"Corrected: this is version {logged.version}."
    if logged.pending_ids:
        words += " What it said before counts on until a second person confirms: taking it back could improve a state."
    flash(words, "done")
    return redirect(url_for("desk.show", report=report_id), code=303)


def _read_body(report_id: str) -> dict[str, Any]:
    with reading() as session:
        return body_of(session, report_id, actor=current_actor())


def _chosen_place(form: Mapping[str, str]) -> Place | None:
    """Return the place chosen among those of the name; the name of a place is a circle, not a point."""
    if not form.get("pick"):
        return None
    with reading() as session:
        lon, lat = find_place(session, {"register": "site", "id": form["pick"]}, field="pick", actor=current_actor())
    return Place(lon, lat, "", {"method": "place"}, has_geometry=True)


def _changed(body: Mapping[str, Any], form: Mapping[str, str], place: Any, errors: list[FieldError]) -> dict[str, Any]:
    """Return the body with what the form says otherwise, under an id of its own."""
    new = copy.deepcopy(dict(body)) | {
        "id": form.get("id", ""), "words": form.get("words", "").strip(),
        "place_text": form.get("place_text", "").strip(),
    }  # fmt: skip
    new = {name: value for name, value in new.items() if value is not None}
    if isinstance(new.get("device_time"), int):
        new["device_time"] = format_instant(new["device_time"])
    records = new.get("records") or []
    at = whole_number(form.get("at", "")) or 0
    if not records and form.get("what") in NEW_RECORDS:
        properties = dict(NEW_RECORDS[form["what"]][1])
        records = [{"type": "Feature", "geometry": None, "properties": properties}]
    new["records"] = records
    if not 0 <= at < len(records):
        return new
    record = records[at]
    record.pop("id", None)
    properties = record["properties"]
    for name in CODES.get(properties["kind"], {}):
        if form.get(name):
            properties[name] = form[name]
    if form.get("occurred", "").strip():
        try:
            text = form["occurred"].strip()
            moment = parse_moment(text)
            properties["occurred"] = format_instant(moment)
        except ValueError:
            errors.append(FieldError("occurred", form["occurred"], "a date and time in UTC, like 2026-11-23T14:32"))
    if place is not None:
        properties["location"] = place.location
        record["geometry"] = {"type": "Point", "coordinates": [place.lon, place.lat]} if place.has_geometry else None
        if form.get("datum") == "unknown":
            properties["location"] = {**place.location, "datum": "unknown"}
    return new


def _render(
    report_id: str, form: dict[str, str], errors: list[FieldError], *, reading_text: str | None = None,
    conflict: Conflict | None = None,
) -> str:  # fmt: skip
    actor, host = current_actor(), edge().host
    with reading() as session:
        report = get_report(session, report_id, actor=actor)
        if report["by"] != actor.person:
            require(actor, "amend_report")
        body = body_of(session, report_id, actor=actor)
        name = form.get("place_text", body.get("place_text") or "")
        namesakes = list_namesakes(session, name, actor=actor)
    at = whole_number(form.get("at", "")) or 0
    records = body.get("records") or []
    record = records[at] if at < len(records) else None
    said = record["properties"] if record else {}
    known = {
        "words": body.get("words") or "", "place_text": body.get("place_text") or "",
        "occurred": (said.get("occurred") or "")[:16], "base_version": str(report["version"]),
        "id": str(uuid.uuid4()), **{k: str(said.get(k) or "") for k in CODES.get(said.get("kind", ""), {})},
    }  # fmt: skip
    if conflict is not None:  # what the other wrote stands beside; what was typed stays
        form = {**form, "base_version": str(report["version"]), "id": str(uuid.uuid4())}
    shown = {"words", "place_text", "occurred", "position", *CODES.get(said.get("kind", ""), {})}
    return render_template(
        "desk/correct.html", report=report, record=record, n_records=len(records), at=at, form={**known, **form},
        errors=errors, loose=[e for e in errors if e.field not in shown], reading=reading_text, conflict=conflict,
        theirs=known, codes=CODES.get(said.get("kind", ""), {}), namesakes=namesakes, new_records=NEW_RECORDS,
        own=page_words("en"),
        settings={
            "network": host.network.network_id, "segments": host.network.n_segments,
            "bounds": network_bounds(host.network), "credit": network_credit(host.network),
            "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        },
    )  # fmt: skip
