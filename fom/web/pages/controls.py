"""Controls that the mission imposes: the list, an order with a look at whom it cuts off first, lifting; and seasons.

`/controls` is for everybody, signed in or not: it shows the public text, the place as worded for the public, and times.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.facts_fields import WEEKDAYS
from fom.domain.facts_schema import THREAT_LEVELS
from fom.domain.instants import format_instant, from_us
from fom.domain.profiles import USER_CLASSES
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.area_statements import list_statements, list_taken_back, season_year
from fom.services.judging import get_visible_record, retract_record
from fom.services.ordering import (
    EFFECTS,
    OrderDraft,
    lift_control,
    list_orders,
    list_public_controls,
    look_ahead,
    order_control,
)
from fom.services.overriding import record_area_statement
from fom.services.registers import get_register, list_register
from fom.services.route_stretches import cut_stretches
from fom.web.access import allows, current_actor, public
from fom.web.edge import edge, reading, writing
from fom.web.heavy import takes_turns
from fom.web.pages.moment_fields import moment_text, read_moment
from fom.web.pages.shell import to_moment

blueprint = Blueprint("controls", __name__)
WEEKDAY_WORDS = {
    "mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday",
    "sun": "Sunday",
}  # fmt: skip
EFFECT_WORDS = {
    "prohibited": "No movement", "permission": "Only with permission", "escort": "Only with an escort",
}  # fmt: skip
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def window_words(recurring: Mapping[str, Any] | None) -> str:
    """Return a recurring window as people read it: `daily 20:00 to 05:00, local +02:00`."""
    if not recurring:
        return "at all hours"
    days = recurring.get("days") or WEEKDAYS
    when = "daily" if len(days) == len(WEEKDAYS) else ", ".join(WEEKDAY_WORDS[day] for day in days)
    zone = recurring.get("zone", "Z")
    return f"{when} {recurring['from']} to {recurring['to']}" + (" UTC" if zone == "Z" else f" at UTC{zone}")


@blueprint.app_template_filter("plain_date")
def plain_date(value: int | str) -> str:
    """Return a moment for people who read no date-time groups: `20 November 2026, 13:02 UTC`."""
    us = to_moment(value)
    return "–" if us is None else f"{from_us(us):%-d %B %Y, %H:%M} UTC"


@blueprint.app_context_processor
def words() -> dict[str, Any]:
    """Give the templates the words of orders."""
    return {"window_words": window_words, "effect_words": EFFECT_WORDS}


@blueprint.get("/controls")
@public
def show_public() -> str:
    """Show what anybody may know of the controls that hold or will."""
    with reading() as session:
        controls = list_public_controls(session, at=edge().clock())
    return render_template("registers/public_controls.html", controls=controls)


@blueprint.get("/registers/controls")
@allows("read_picture")
def show_orders() -> str:
    """List the mission's own orders: in force, coming, ended, lifted."""
    actor = current_actor()
    with reading() as session:
        orders = list_orders(session, actor=actor, at=edge().host.now())
    return render_template(
        "registers/controls.html", orders=orders, may_order=may(actor, "order_controls"),
        may_lift=may(actor, "close_control"), lift_ids={order["id"]: str(uuid.uuid4()) for order in orders},
    )  # fmt: skip


@blueprint.get("/registers/controls/new")
@allows("order_controls")
def new_order() -> str:
    """Show an empty order."""
    now = edge().host.now()
    form = {"id": str(uuid.uuid4()), "start": moment_text(now), "effect": "prohibited", "zone": "Z"}
    return _render(form | request.args.to_dict(), [])


@blueprint.post("/registers/controls/new")
@allows("order_controls")
@takes_turns
def order() -> Any:
    """Show who would be cut off; order only what was looked at."""
    form, errors = _form(), list[FieldError]()
    draft = _draft(form, errors)
    essence = _essence(form)
    try:
        if draft is None:
            raise InvalidInput(errors)
        if form.get("act") != "order" or form.get("looked_at") != essence:
            with reading() as session:
                ahead = look_ahead(session, edge().host, draft, actor=current_actor())
            return _render({**form, "looked_at": essence}, [], ahead=ahead)
        with writing() as (session, now):
            order_control(session, draft, actor=current_actor(), now=now, host=edge().host)
    except InvalidInput as refused:
        return _render(form, list(refused.errors)), 422
    except Conflict as conflict:
        return _render({**form, "id": str(uuid.uuid4())}, [FieldError("form", str(conflict), "to be sent once")]), 409
    return redirect(url_for("controls.show_orders"), code=303)


@blueprint.post("/registers/controls/<order_id>/lift")
@allows("close_control")
def lift(order_id: str) -> Any:
    """Lift an order before its end."""
    with writing() as (session, now):
        lift_control(session, order_id, id=request.form.get("id", ""), actor=current_actor(), now=now)
    return redirect(url_for("controls.show_orders"), code=303)


@blueprint.get("/registers/seasons")
@allows("read_picture")
def show_seasons() -> str:
    """Show the year of seasons by area, and who stated them."""
    return _render_seasons({}, [])


@blueprint.post("/registers/seasons")
@allows("set_areas")
def state_season() -> Any:
    """State wet or dry, for an area and a time."""
    refused = _state("season", {"season": request.form.get("season", "")})
    if refused:
        return _render_seasons(request.form.to_dict(), refused), 422
    return redirect(url_for("controls.show_seasons"), code=303)


@blueprint.post("/registers/threat-levels")
@allows("set_areas")
def state_threat() -> Any:
    """State the threat level of an area of the register for a time."""
    level = request.form.get("level", "")
    refused = _state("threat_area", {"level": None if level == "unknown" else level})
    if refused:
        raise InvalidInput(refused)
    area_id = request.form.get("area_id", "")
    return redirect(url_for("registers.show_row", slug="areas", row_id=area_id, _anchor="threat"), code=303)


@blueprint.post("/registers/statements/<record_id>/take-back")
@allows("set_areas")
def take_back(record_id: str) -> Any:
    """Take a season or a threat level back; it stays in the history with who took it back and why."""
    actor = current_actor()
    try:
        with writing() as (session, now):
            row = get_visible_record(session, record_id, actor)
            if row.kind not in ("season", "threat_area"):
                raise NotFound("statement about an area", record_id)
            kind, area_id = row.kind, (row.properties.get("meta") or {}).get("area_id")
            retract_record(session, record_id, reason=request.form.get("reason", ""), actor=actor, now=now)
    except InvalidInput as refused:
        return _render_seasons({}, [FieldError("form", "no reason", e.expected) for e in refused.errors]), 422
    if kind == "threat_area" and area_id:
        return redirect(url_for("registers.show_row", slug="areas", row_id=area_id, _anchor="threat"), code=303)
    return redirect(url_for("controls.show_seasons"), code=303)


def _state(kind: str, said: dict[str, Any]) -> list[FieldError]:
    """Write a statement about an area, or return what is wrong with it."""
    form, errors, actor = request.form, list[FieldError](), current_actor()
    moments = {name: read_moment(form, name, errors) for name in ("start", "end")}
    properties = {"kind": kind, **said}
    properties |= {name: format_instant(us) for name, us in moments.items() if us is not None}
    if kind == "threat_area" and moments["end"] is None and not errors:
        errors.append(FieldError("end", "nothing", "a moment at which somebody looks at the level again"))
    geometry = None
    if errors:
        return errors
    try:
        with writing() as (session, now):
            if area_id := form.get("area_id"):
                area = get_register(session, "area", area_id, actor=actor)
                geometry = area["geometry"]
                properties["meta"] = {"area_id": area_id}
            feature = {"type": "Feature", "geometry": geometry, "properties": properties}
            record_area_statement(session, feature, id=form.get("id", ""), actor=actor, now=now)
    except InvalidInput as refused:
        return [FieldError(e.field.removeprefix("properties."), e.came, e.expected) for e in refused.errors]
    return []


def _form() -> dict[str, str]:
    form = request.form.to_dict()
    form["exempt"] = " ".join(request.form.getlist("exempt"))
    form["days"] = " ".join(request.form.getlist("days"))
    return form


def _essence(form: Mapping[str, str]) -> str:
    """Return what a look ahead depends on, so that a changed order is looked at again."""
    names = (
        "effect", "exempt", "area_id", "route", "from_km", "to_km", "start", "end", "from_time", "to_time", "zone",
        "days",
    )  # fmt: skip
    return "|".join(form.get(name, "").strip() for name in names)


def _draft(form: Mapping[str, str], errors: list[FieldError]) -> OrderDraft | None:
    moments = {name: read_moment(form, name, errors) for name in ("start", "end")}
    recurring: dict[str, Any] | None = None
    if form.get("from_time") or form.get("to_time"):
        recurring = {"from": form.get("from_time", ""), "to": form.get("to_time", ""), "zone": form.get("zone") or "Z"}
        if days := form.get("days", "").split():
            recurring["days"] = days
        for name, part in (("from_time", "from"), ("to_time", "to")):
            if not recurring[part]:
                errors.append(FieldError(name, "nothing", "a time of day, because the other one is given"))
    segments: list[dict[str, Any]] = []
    if route_id := form.get("route"):
        try:
            with reading() as session:
                route = get_register(session, "key_route", route_id, actor=current_actor())
            segments = cut_stretches(
                edge().host.network, route["segments"] or [], form.get("from_km"), form.get("to_km")
            )
        except InvalidInput as refused:
            errors += refused.errors
    if errors:
        return None
    return OrderDraft(
        id=form.get("id", ""), effect=form.get("effect", ""), exempt=tuple(form.get("exempt", "").split()),
        owner=form.get("owner", ""), reason=form.get("reason", ""), start=moments["start"], end=moments["end"],
        public_text=form.get("public_text", ""), public_place=form.get("public_place", ""),
        area_id=form.get("area_id") or None, segments=tuple(segments), recurring=recurring,
    )  # fmt: skip


def _render(form: Mapping[str, str], errors: list[FieldError], *, ahead: list[dict[str, Any]] | None = None) -> str:
    actor = current_actor()
    with reading() as session:
        areas = list_register(session, "area", actor=actor)
        routes = list_register(session, "key_route", actor=actor)
    drawn = (
        "effect", "exempt", "owner", "reason", "start", "end", "public_text", "public_place", "area_id", "route",
        "from_km", "to_km", "from_time", "to_time", "form", "recurring",
    )  # fmt: skip
    return render_template(
        "registers/order.html", form=form, errors=errors, ahead=ahead, areas=areas, routes=routes, effects=EFFECTS,
        user_classes=USER_CLASSES, weekdays=WEEKDAY_WORDS, loose=[e for e in errors if e.field not in drawn],
        exempt=form.get("exempt", "").split(), days=form.get("days", "").split(),
    )  # fmt: skip


def _render_seasons(form: Mapping[str, str], errors: list[FieldError]) -> str:
    actor, now = current_actor(), edge().host.now()
    asked = request.args.get("year", "")
    year = int(asked) if asked.isdigit() and 1970 < int(asked) < 2200 else from_us(now).year
    first, last = (datetime(y, 1, 1, tzinfo=UTC) for y in (year, year + 1))
    share = (from_us(now) - first) / (last - first)
    with reading() as session:
        strips = season_year(session, year, actor=actor, at=now)
        statements = list_statements(session, "season", actor=actor, at=now)
        taken_back = list_taken_back(session, "season", actor=actor, at=now)
        areas = list_register(session, "area", actor=actor)
    return render_template(
        "registers/seasons.html", year=year, strips=strips, statements=statements, areas=areas, form=form,
        taken_back=taken_back, may_retract=may(actor, "retract"), person=actor.person,
        errors=errors, months=MONTHS, now_share=share if 0 <= share <= 1 else None, id=str(uuid.uuid4()),
        may_state=may(actor, "set_areas"), levels=THREAT_LEVELS,
    )  # fmt: skip
