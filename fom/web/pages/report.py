"""The report form: choose what happened, say where, read the place back, send. Works without scripts and on a phone."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for

from fom.domain.facts_schema import ACTORS, EXPLOSIVE_CLASSES
from fom.domain.policy import INCIDENT_WEIGHTS
from fom.domain.positions import parse_position
from fom.domain.profiles import USER_CLASSES
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.maps.style import map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.drafts import parse_report
from fom.services.key_routes import stretches_along
from fom.services.registers import list_register
from fom.services.reporting import get_report, list_reports, log_report
from fom.services.route_stretches import cut_stretches
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.report_forms import CONTROLS, DAMAGES, FORMS, PLACE_HELP, Fields, read_place, read_report

blueprint = Blueprint("report", __name__)


@blueprint.get("/report")
@allows("send_report")
def choose() -> Any:
    """Ask what happened; show what this account sent last."""
    with reading() as session:
        heads = list_reports(session, actor=current_actor(), limit=30)
    mine = [head for head in heads if head["by"] == current_actor().person][:8]
    return render_template("report/choose.html", forms=FORMS, mine=mine)


@blueprint.get("/report/<name>")
@allows("send_report")
def show(name: str) -> Any:
    """Show an empty form with a UUID of its own, so that sending it twice makes one record."""
    known = {"id": str(uuid.uuid4()), **request.args.to_dict()}
    return _render(name, known, [], None)


@blueprint.post("/report/<name>")
@allows("send_report")
def send(name: str) -> Any:
    """Read the place back first; save only what the sender has seen read back."""
    if name not in FORMS:
        raise NotFound("form", name)
    form = request.form.to_dict()
    try:
        body = read_report(name, form, stretches=_stretches)
        draft = parse_report(body)
    except InvalidInput as refused:
        return _render(name, form, list(refused.errors), None), 422
    place = read_place(form, [])
    if place is not None and form.get("seen_position") != form.get("position", "").strip():
        return _render(name, {**form, "seen_position": form["position"].strip()}, [], place.reading)
    try:
        with writing() as (session, now):
            host = edge().host
            logged = log_report(session, draft, actor=current_actor(), now=now, network=host.network, names=host.names)
    except InvalidInput as refused:
        return _render(name, form, [_as_typed(e) for e in refused.errors], None), 422
    except Conflict as conflict:
        errors = [FieldError("form", str(conflict), "one report to be sent once")]
        return _render(name, {**form, "id": str(uuid.uuid4())}, errors, None), 409
    return redirect(url_for("report.sent", report_id=logged.report_id), code=303)


@blueprint.get("/report/sent/<report_id>")
@allows("send_report")
def sent(report_id: str) -> Any:
    """Say that the report is here, under which number, and what it does."""
    with reading() as session:
        report = get_report(session, report_id, actor=current_actor())
    return render_template("report/sent.html", report=report)


@blueprint.get("/report/reading")
@allows("send_report")
def read_position_back() -> Any:
    """Return how a typed position is read; for forms with scripts."""
    lon, lat, reading_text = parse_position(request.args.get("position", ""))
    return jsonify(lon=lon, lat=lat, reading=reading_text)


def _as_typed(error: FieldError) -> FieldError:
    """Return a finding about a record under the name that its field has in the form."""
    last = error.field.rsplit(".", 1)[-1]
    return FieldError("position" if last in ("geometry", "location", "mgrs") else last, error.came, error.expected)


def _stretches(form: Fields) -> list[dict[str, Any]]:
    """Return the stretches a passage covered: part of a key route, or the way between two positions."""
    if route_id := form.get("route"):
        with reading() as session:
            routes = {row["id"]: row for row in list_register(session, "key_route", actor=current_actor())}
        if route_id not in routes:
            raise InvalidInput.single("route", route_id, "a key route of the list")
        return cut_stretches(edge().host.network, routes[route_id]["segments"], form.get("from_km"), form.get("to_km"))
    errors: list[FieldError] = []
    ends = [read_place(form, errors, name=name) for name in ("start", "end")]
    errors += [
        FieldError(name, "nothing", "a position, or a key route above")
        for name, end in zip(("start", "end"), ends, strict=True)
        if end is None and not any(e.field == name for e in errors)
    ]
    if errors:
        raise InvalidInput(errors)
    host = edge().host
    try:
        way = stretches_along(host.network, host.router, [[end.lon, end.lat] for end in ends if end is not None])
    except InvalidInput as refused:
        names = {"via[0]": "start", "via[1]": "end"}
        raise InvalidInput(
            [FieldError(names.get(e.field, "end"), e.came, e.expected) for e in refused.errors]
        ) from None
    return [{name: stretch[name] for name in ("id", "from_m", "to_m")} for stretch in way]


def _render(name: str, form: Fields, errors: list[FieldError], reading_text: str | None) -> str:
    if name not in FORMS:
        raise NotFound("form", name)
    host = edge().host
    with reading() as session:
        routes = list_register(session, "key_route", actor=current_actor()) if name == "passage" else []
    known = {"form", "occurred", "position", "place_text", "track", "start", "end", "route", "from_km", "to_km"}
    return render_template(
        "report/form.html",
        name=name,
        title=FORMS[name],
        form=form,
        errors=errors,
        loose=[e for e in errors if e.field not in known and e.field not in _SHOWN.get(name, ())],
        reading=reading_text,
        routes=routes,
        classes=EXPLOSIVE_CLASSES,
        controls=CONTROLS,
        damages=DAMAGES,
        incidents=tuple(INCIDENT_WEIGHTS),
        actors=tuple(a for a in ACTORS if a != "mission"),
        user_classes=USER_CLASSES,
        profiles=sorted(host.profiles.values(), key=lambda p: p.name),
        place_help=PLACE_HELP,
        settings={
            "network": host.network.network_id,
            "segments": host.network.n_segments,
            "bounds": network_bounds(host.network),
            "credit": network_credit(host.network),
            "zooms": [MIN_ZOOM, MAX_ZOOM],
            "style": map_style_values(),
        },
    )


_SHOWN = {
    "explosive": ("hazard", "class"),
    "restriction": ("control", "user_class", "delay_min", "imposed_by"),
    "physical": ("damage", "depth_m"),
    "incident": ("type",),
    "passage": ("strength", "user_class", "passed"),
}
"""Form -> fields of its own that show their errors beside them."""
