"""Land release and clearance at the desk: a closing act on an explosive hazard, what it would do, the first signature.

The first press shows what the act would do; only what was looked at is signed. Source: doctrine, section 3.2.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.closing import LAND_RELEASE
from fom.domain.instants import format_instant, parse_instant
from fom.errors import Conflict, FieldError, InvalidInput
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.closing import ClosingLook, log_closing_act, look_at_closing, released_circle
from fom.services.desk_item import Item, look_into
from fom.web.access import allows, current_actor
from fom.web.alerting import note_effects
from fom.web.edge import edge, reading, writing
from fom.web.pages.desk import letter_of_state
from fom.web.pages.desk_say import error_told, field_refusal, refusal_told, say
from fom.web.pages.languages import in_language, keep_language
from fom.web.pages.register_forms import positions_text, read_positions
from fom.web.queries import whole_number

blueprint = Blueprint("desk_close", __name__)
blueprint.after_request(keep_language)

ACTS = (*LAND_RELEASE, "destroyed", "erroneous")
"""Closing acts of explosive hazards."""
AUTHORITIES = ("eod", "mine_action")
FIELDS = (
    "act", "authority", "organisation", "reference", "occurred", "method", "depth_cm", "traffic_mlc", "area",
    "radius_m", "corners", "accuracy_m",
)  # fmt: skip
AREAS = ("outline", "circle", "corners")
"""As recorded, round the recorded place, as surveyed."""
RADIUS_MAX_M = 5_000.0
TEXT_MAX = 200


@blueprint.get("/desk/close/<record_id>")
@allows("close_explosive")
def show(record_id: str) -> Any:
    """Show the form for an explosive hazard."""
    return _render(record_id, {}, [])


@blueprint.post("/desk/close/<record_id>")
@allows("close_explosive")
def sign(record_id: str) -> Any:
    """Show what the act would do; sign it once exactly this was looked at."""
    form = {name: value.strip() for name, value in request.form.to_dict().items()}
    errors: list[FieldError] = []
    feature = _read(record_id, form, errors)
    if errors:
        return _render(record_id, form, errors), 422
    actor, host = current_actor(), edge().host
    try:
        if form.get("looked") != _digest(form):
            with reading() as session:
                look = look_at_closing(session, host, feature, id=form.get("id", ""), actor=actor)
            return _render(record_id, form, [], look=look)
        with writing() as (session, now):
            log_closing_act(
                session, feature, id=form.get("id", ""), seen=whole_number(form.get("seen", "")), actor=actor, now=now
            )
    except InvalidInput as refused:
        return _render(record_id, form, list(refused.errors)), 422
    except Conflict as conflict:
        return _render(record_id, form, [], conflict=conflict), 409
    flash(say("done.signed_first"), "done")
    return redirect(url_for("desk.show", record=record_id), code=303)


def _digest(form: Mapping[str, str]) -> str:
    """Return a mark of all that is signed."""
    return hashlib.sha256("\x1f".join(form.get(name, "") for name in FIELDS).encode()).hexdigest()[:16]


def _read(record_id: str, form: Mapping[str, str], errors: list[FieldError]) -> dict[str, Any]:
    """Return the act as a feature; what cannot be read goes to `errors`."""
    properties: dict[str, Any] = {
        "kind": "closing_act",
        "act": _one_of("act", form, ACTS, errors),
        "closes": [record_id],
        "authority": _one_of("authority", form, AUTHORITIES, errors),
    }
    reference = _text("reference", form, errors)
    if not reference:
        errors.append(FieldError("reference", "nothing", say("expect.reference")))
    meta = {"organisation": _text("organisation", form, errors), "reference": reference}
    properties["meta"] = {name: text for name, text in meta.items() if text}
    if method := _text("method", form, errors):
        properties["method"] = method
    properties["occurred"] = _moment(form, errors)
    is_release = properties["act"] in LAND_RELEASE
    for name in ("depth_cm", "traffic_mlc") if is_release else ():
        if (value := _number(name, form, errors)) is not None:
            properties[name] = value
    geometry = None
    if is_release:
        accuracy = _number("accuracy_m", form, errors)
        if accuracy is None and not any(e.field == "accuracy_m" for e in errors):
            errors.append(FieldError("accuracy_m", "nothing", say("expect.accuracy")))
        properties["location"] = {"method": "survey", "uncertainty_m": accuracy or 0.0}
        geometry = _area(record_id, form, errors)
        if properties["act"] in ("reduced", "cleared") and "traffic_mlc" not in properties:
            came = form.get("traffic_mlc") or "nothing"
            errors.append(FieldError("traffic_mlc", came, say("expect.traffic")))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _area(record_id: str, form: Mapping[str, str], errors: list[FieldError]) -> dict[str, Any] | None:
    kind = _one_of("area", form, AREAS, errors)
    if kind == "corners":
        return _ring(form, errors)
    with reading() as session:
        row = _item(session, record_id).row
    shape = None if row is None else row.geometry
    if kind == "outline":
        if shape is not None and shape.geom_type in ("Polygon", "MultiPolygon"):
            found: dict[str, Any] = shape.__geo_interface__
            return found
        errors.append(FieldError("area", "outline", say("expect.no_outline")))
    elif kind == "circle":
        radius = _number("radius_m", form, errors)
        with reading() as session:
            centre = _item(session, record_id).centre if shape is None else (shape.centroid.x, shape.centroid.y)
        if centre is None:
            errors.append(FieldError("area", "circle", say("expect.no_place")))
        elif radius is None or not 0 < radius <= RADIUS_MAX_M:
            most = say("expect.radius", most=f"{RADIUS_MAX_M:g}")
            errors.append(FieldError("radius_m", form.get("radius_m") or "nothing", most))
        else:
            return released_circle(centre, radius)
    return None


def _ring(form: Mapping[str, str], errors: list[FieldError]) -> dict[str, Any] | None:
    try:
        corners = read_positions(form.get("corners", ""), "corners")
    except InvalidInput as refused:
        errors += refused.errors
        return None
    if len(corners) < 3:
        errors.append(FieldError("corners", say("expect.positions", n=len(corners)), say("expect.corners")))
        return None
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


def _moment(form: Mapping[str, str], errors: list[FieldError]) -> str | None:
    text = form.get("occurred", "")
    try:
        moment = parse_instant(text if (text[-1:] in "Zz" and text) or "+" in text else text + "Z")
    except ValueError:
        expected = say("expect.finished", example="2026-11-23T14:32")
        errors.append(FieldError("occurred", text or "nothing", expected))
        return None
    if moment > edge().host.now():
        errors.append(FieldError("occurred", text, say("expect.past")))
    return format_instant(moment)


def _text(name: str, form: Mapping[str, str], errors: list[FieldError]) -> str:
    text = form.get(name, "")
    if len(text) > TEXT_MAX or "\x00" in text:
        errors.append(FieldError(name, repr(text)[:40], say("expect.text", most=TEXT_MAX)))
        return ""
    return text


def _number(name: str, form: Mapping[str, str], errors: list[FieldError]) -> float | None:
    text = form.get(name, "")
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1e5:
        errors.append(FieldError(name, text[:40], say("expect.number")))
        return None
    return value


def _one_of(name: str, form: Mapping[str, str], options: Collection[str], errors: list[FieldError]) -> str:
    code = form.get(name, "")
    if code not in options:
        errors.append(FieldError(name, repr(code)[:40] if code else "nothing", say("expect.choice")))
    return code


def _item(session: Any, record_id: str) -> Item:
    item = look_into(session, edge().host, record_id=record_id, actor=current_actor(), now=edge().host.now())
    if item.row is None or item.row.kind != "explosive":
        raise InvalidInput.single("record", "no explosive hazard", "the id of an explosive record")
    return item


def _render(
    record_id: str, form: Mapping[str, str], errors: list[FieldError], *, look: ClosingLook | None = None,
    conflict: Conflict | None = None,
) -> str:  # fmt: skip
    host = edge().host
    with reading() as session:
        item = _item(session, record_id)
    note_effects([item.waiting.effect, *([] if look is None else [look.effect])])
    row = item.row
    shape = None if row is None else row.geometry
    has_outline = shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")
    corners = shape.exterior.coords[:-1] if shape is not None and shape.geom_type == "Polygon" else ()
    known = {
        "act": "cleared" if has_outline else "destroyed", "authority": "eod", "id": str(uuid.uuid4()),
        "area": "outline" if has_outline else "circle", "seen": str(item.seen),
        "radius_m": f"{-(-item.lie.doubt_m // 5) * 5:g}" if item.lie is not None else "",
        "corners": positions_text(corners),
    }  # fmt: skip
    shown = {**known, **form}
    if conflict is not None and conflict.details.get("why") == "moved_on":
        shown["seen"] = str(conflict.details["seen"])
    return render_template(
        "desk/close.html", item=item, form=shown, acts=ACTS, authorities=AUTHORITIES, areas=AREAS, release=LAND_RELEASE,
        has_outline=has_outline, look=look, looked=_digest(form) if look is not None else "", conflict=conflict,
        errors=[{"field": e.field, "words": error_told(e)} for e in errors],
        loose=[{"words": field_refusal(e)} for e in errors if e.field not in FIELDS], letter=letter_of_state,
        refused="" if conflict is None else refusal_told(conflict), feature=_drawn(item, form), **in_language(),
        settings={
            "network": host.network.network_id, "segments": host.network.n_segments,
            "bounds": network_bounds(host.network), "credit": network_credit(host.network),
            "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
        },
    )  # fmt: skip


def _drawn(item: Item, form: Mapping[str, str]) -> dict[str, Any] | None:
    """Return what the map shows: the circle or outline chosen, else the recorded place."""
    shape = None if item.row is None else item.row.geometry
    centre = item.centre if shape is None else (shape.centroid.x, shape.centroid.y)
    if centre is None:
        return None
    radius = _number("radius_m", form, []) if form.get("area") == "circle" else None
    if radius is not None and 0 < radius <= RADIUS_MAX_M:
        return _feature(released_circle(centre, radius))
    return _feature({"type": "Point", "coordinates": list(centre)} if shape is None else shape.__geo_interface__)


def _feature(geometry: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {}}
