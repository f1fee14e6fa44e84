"""Correcting a report at the desk: a new version with other words, time, place or codes. The old one is kept."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import require
from fom.domain.facts_schema import DAMAGES, EXPLOSIVE_CLASSES
from fom.domain.forms import FORMS
from fom.domain.instants import format_instant
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.errors import Conflict, FieldError, InvalidInput
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.drafts import again, parse_report
from fom.services.form_records import with_records
from fom.services.form_words import page_words
from fom.services.named_places import find_place, list_namesakes
from fom.services.reporting import amend_report, body_of, get_report
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.desk_say import say, sentences
from fom.web.pages.languages import chosen_language, in_language, keep_language
from fom.web.pages.moment_fields import parse_moment
from fom.web.pages.report_forms import Place, field_of, read_place, tell
from fom.web.queries import whole_number

blueprint = Blueprint("desk_correct", __name__)
blueprint.after_request(keep_language)
CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "explosive": {"class": EXPLOSIVE_CLASSES, "hazard": ("item", "sha", "cha")},
    "physical": {"damage": DAMAGES},
    "control": {"control": ("denial", "toll", "delay")},
    "incident": {"type": tuple(INCIDENT_WEIGHTS)},
    "verification": {"strength": ("own_patrol_traverse", "partner_convoy_traverse", "imagery", "hearsay")},
}
"""Kind of record -> members that may be corrected -> codes offered."""
NEW_RECORDS: dict[str, dict[str, str]] = {
    "explosive": {"kind": "explosive", "hazard": "item", "class": "unknown_item"},
    "blocked": {"kind": "physical", "damage": "blocked"},
    "damaged": {"kind": "physical", "damage": "damaged"},
    "flooded": {"kind": "physical", "damage": "flooded"},
    "denial": {"kind": "control", "control": "denial", "user_class": "mission_military"},
    "toll": {"kind": "control", "control": "toll"},
    "armed_robbery": {"kind": "incident", "type": "armed_robbery"},
    "fire_on_movement": {"kind": "incident", "type": "fire_on_movement"},
}
"""What a report in words alone can be made to say -> the record it becomes once it has a place."""


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
        base = whole_number(form.get("base_version", "")) or 0
        with writing() as (session, now):
            host = edge().host
            draft = with_records(
                session, parse_report(changed), actor=current_actor(), network=host.network, router=host.router
            )
            logged = amend_report(
                session, report_id, draft, base_version=base, actor=current_actor(), now=now, network=host.network,
                names=host.names,
            )  # fmt: skip
    except InvalidInput as refused:
        return _render(report_id, form, [field_of(e, form) for e in refused.errors]), 422
    except Conflict as conflict:
        return _render(report_id, form, [], conflict=conflict), 409
    words = say("done.corrected", n=logged.version)
    flash(sentences(words, say("done.corrected_waits")) if logged.pending_ids else words, "done")
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
    new = again(body, id=form.get("id", "")) | {
        "words": form.get("words", "").strip(), "place_text": form.get("place_text", "").strip(),
    }  # fmt: skip
    records = new.get("records") or []
    at = whole_number(form.get("at", "")) or 0
    if new.get("answers"):
        new["answers"] = _answered(new, form, place, errors)
        return new
    if not records and form.get("what") in NEW_RECORDS:
        properties = dict(NEW_RECORDS[form["what"]])
        records = [{"type": "Feature", "geometry": None, "properties": properties}]
    new["records"] = records
    if not 0 <= at < len(records):
        return new
    record = records[at]
    properties = record["properties"]
    for name in CODES.get(properties["kind"], {}):
        if form.get(name):
            properties[name] = form[name]
    if (occurred := _occurred(form, errors)) is not None:
        properties["occurred"] = occurred
    if place is not None:
        properties["location"] = place.location
        record["geometry"] = {"type": "Point", "coordinates": [place.lon, place.lat]} if place.has_geometry else None
        if form.get("datum") == "unknown":
            properties["location"] = {**place.location, "datum": "unknown"}
    return new


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what answers say, under the names of the members of a record."""
    answers = body.get("answers") or {}
    return {"kind": body["form"], **answers} if answers else {}


def _answered(
    body: Mapping[str, Any], form: Mapping[str, str], place: Place | None, errors: list[FieldError]
) -> dict[str, Any]:
    """Return the answers of a form with what was corrected; its records follow from them anew."""
    answers = dict(body["answers"])
    asked = {question.code: question for question in FORMS[body["form"]].questions}
    for name, options in CODES.get(str(body["form"]), {}).items():
        if name in asked and form.get(name) in options:
            answers[name] = form[name]
    if "occurred" in asked and (occurred := _occurred(form, errors)) is not None:
        answers["occurred"] = occurred
    if place is not None and "place" in asked:
        answers["place"] = _answer_of(place, form)
    elif place is not None:
        errors.append(FieldError("position", form.get("position", ""), say("expect.no_position")))
    return answers


def _answer_of(place: Place, form: Mapping[str, str]) -> dict[str, Any]:
    """Return a place as the forms answer it."""
    location = place.location
    told: dict[str, Any] = {"lon": place.lon, "lat": place.lat}
    if location["method"] == "mgrs":
        told |= {"source": "mgrs", "text": location["mgrs"]}
    elif location["method"] == "place":
        told |= {"source": "name", "text": form.get("place_text", "").strip()}
    elif location["method"] == "sketch":
        told |= {"source": "map", "accuracy_m": location["uncertainty_m"]}
    else:
        told |= {"source": "typed"} | ({"accuracy_m": location["accuracy_m"]} if "accuracy_m" in location else {})
    return told | ({"datum": "unknown"} if form.get("datum") == "unknown" else {})


def _occurred(form: Mapping[str, str], errors: list[FieldError]) -> str | None:
    """Return the moment typed, None for none; a bad one goes to `errors`."""
    text = form.get("occurred", "").strip()
    if not text:
        return None
    try:
        return format_instant(parse_moment(text))
    except ValueError:
        errors.append(FieldError("occurred", text, say("expect.moment", example="2026-11-23T14:32")))
        return None


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
    said = record["properties"] if record else _said(body)
    known = {
        "words": body.get("words") or "", "place_text": body.get("place_text") or "",
        "occurred": (said.get("occurred") or "")[:16], "base_version": str(report["version"]),
        "id": str(uuid.uuid4()), **{k: str(said.get(k) or "") for k in CODES.get(said.get("kind", ""), {})},
    }  # fmt: skip
    if conflict is not None:  # what the other wrote stands beside; what was typed stays
        form = {**form, "base_version": str(report["version"]), "id": str(uuid.uuid4())}
    codes = CODES.get(said.get("kind", ""), {})
    asked = {"occurred": {"kind": "moment"}, "words": {"kind": "text"}} | {name: {"kind": "choice"} for name in codes}
    told = [tell(e, asked, chosen_language()) for e in errors]
    shown = {"words", "place_text", "occurred", "position", *codes}
    return render_template(
        "desk/correct.html", report=report, record=record, n_records=len(records), at=at, form={**known, **form},
        errors=told, loose=[e for e in told if e["field"] not in shown], reading=reading_text, conflict=conflict,
        theirs=known, codes=codes, namesakes=namesakes, new_records=NEW_RECORDS,
        own=page_words(chosen_language()), has_answers=bool(body.get("answers")), **in_language(),
        settings={
            "network": host.network.network_id, "segments": host.network.n_segments,
            "bounds": network_bounds(host.network), "credit": network_credit(host.network),
            "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        },
    )  # fmt: skip
