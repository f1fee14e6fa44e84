"""One's alerts and subscriptions, one's unit's key routes, and which units know the state of theirs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.instants import parse_instant
from fom.domain.profiles import USER_CLASSES
from fom.domain.states import State
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.maps.style import letter_of
from fom.services.alerts.inbox import (
    acknowledge_alerts,
    count_unread,
    list_alerts,
    list_given_up,
    note_delivered,
    send_again,
)
from fom.services.alerts.subscriptions import (
    delete_subscription,
    get_subscription,
    list_subscriptions,
    save_subscription,
)
from fom.services.looking import acknowledge_routes, list_acknowledgements, list_my_routes
from fom.services.registers import list_register
from fom.web.access import allows, current_actor
from fom.web.alerting import note_shown, outside
from fom.web.edge import edge, reading, writing
from fom.web.pages.alert_form import (
    CHECK_WORDS,
    MOVE_WORDS,
    MOVEMENTS_WORDS,
    area_fields,
    draft_of,
    new_form,
    read_form,
    render_form,
)
from fom.web.pages.routes import asked_question
from fom.web.queries import check_query, whole_number

blueprint = Blueprint("alerts", __name__)

KIND_WORDS = {
    "state": "State changed", "record": "Reported", "overdue": "Overdue", "false_state": "Proved false",
    "advice": "Advice to a movement",
}  # fmt: skip
CHANNEL_WORDS = {"page": "in the page", "email": "e-mail", "webhook": "webhook"}
SHOWN_AT_ONCE = 100


@blueprint.get("/alerts")
@allows("read_picture")
def show() -> Any:
    """Show the inbox and the subscriptions."""
    check_query(show=("all", "unread"))
    actor, is_all = current_actor(), request.args.get("show") == "all"
    with reading() as session:
        now = edge().clock()
        rows = list_alerts(session, edge().host, actor=actor, now=now, is_unread=not is_all, limit=SHOWN_AT_ONCE)
        waiting = count_unread(session, actor=actor, now=now)
        subscriptions = list_subscriptions(session, outside(), actor=actor)
        given_up = list_given_up(session, actor=actor)
        names = _names(session, subscriptions)
    if any(row["deliveries"][0]["status"] == "waiting" and row["held_until"] is None for row in rows):
        with writing() as (session, now):
            note_delivered(session, actor=actor, now=now)
    return render_template(
        "alerts/inbox.html", alerts=rows, waiting=waiting, is_all=is_all, subscriptions=subscriptions, names=names,
        given_up=given_up,
        move_words=MOVE_WORDS, movements_words=MOVEMENTS_WORDS, kind_words=KIND_WORDS, channel_words=CHANNEL_WORDS,
        check_words=CHECK_WORDS, link_of=_link_of, zone=edge().config.mission_zone,
        letter_of=lambda name: letter_of(State[name]),
    )  # fmt: skip


@blueprint.post("/alerts/acknowledge")
@allows("read_picture")
def acknowledge() -> Any:
    """Note that alerts have been read."""
    ids = [_uuid_of("alert", text) for text in request.form.getlist("alert")[:500]]
    if ids:
        with writing() as (session, now):
            receipts = acknowledge_alerts(session, ids, actor=current_actor(), now=now)
        flash(f"{len(receipts)} acknowledged.", "done")
    else:
        flash("Nothing was marked: mark what you have read, then acknowledge it.", "refused")
    return redirect(url_for("alerts.show"), code=303)


@blueprint.post("/alerts/<alert_id>/send-again")
@allows("read_picture")
def send_again_from_page(alert_id: str) -> Any:
    """Try once more what was given up."""
    with writing() as (session, now):
        channel = request.form.get("channel", "")[:20]
        send_again(session, _uuid_of("alert", alert_id), channel, actor=current_actor(), now=now)
    flash("It is sent again.", "done")
    return redirect(url_for("alerts.show"), code=303)


@blueprint.get("/alerts/subscriptions/new")
@allows("read_picture")
def new() -> Any:
    """Show an empty form."""
    check_query("route", "movement")
    return render_form(new_form(request.args.getlist("route"), request.args.getlist("movement")))


@blueprint.get("/alerts/subscriptions/<subscription_id>")
@allows("read_picture")
def edit(subscription_id: str) -> Any:
    """Show a subscription in the form."""
    with reading() as session:
        found = get_subscription(session, outside(), _uuid_of("subscription", subscription_id), actor=current_actor())
    return render_form(found | area_fields(found))


@blueprint.post("/alerts/subscriptions/<subscription_id>")
@allows("read_picture")
def save(subscription_id: str) -> Any:
    """Write a subscription, or show the form again with what is wrong."""
    form = read_form(_uuid_of("subscription", subscription_id))
    try:
        draft = draft_of(form)
        with writing() as (session, now):
            save_subscription(session, edge().host, outside(), draft, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return render_form(form, refused.errors), 422
    except Conflict as refused:
        return render_form(form, [FieldError("title", form["title"] or "this", str(refused))]), 409
    flash("Kept. What changes from now on is told.", "done")
    return redirect(url_for("alerts.show"), code=303)


@blueprint.post("/alerts/subscriptions/<subscription_id>/delete")
@allows("read_picture")
def delete(subscription_id: str) -> Any:
    """End a subscription."""
    with writing() as (session, now):
        delete_subscription(session, _uuid_of("subscription", subscription_id), actor=current_actor(), now=now)
    flash("Ended. What it told stays in the list.", "done")
    return redirect(url_for("alerts.show"), code=303)


@blueprint.get("/my-routes")
@allows("read_picture")
def my_routes() -> Any:
    """Show the unit's routes with what changed since the last acknowledgement."""
    host, question, actor = edge().host, asked_question(), current_actor()
    with reading() as session:
        found = list_my_routes(session, host, question, actor=actor)
        units = list_acknowledgements(session, actor=actor, now=question.at) if _may_see_units() else None
    note_shown("routes", question)
    return render_template(
        "alerts/my_routes.html", found=found, units=units, question=question, profiles=sorted(host.profiles),
        user_classes=USER_CLASSES,
    )  # fmt: skip


@blueprint.post("/my-routes/acknowledge")
@allows("read_picture")
def acknowledge_my_routes() -> Any:
    """Note that the routes on the page are known as they were shown."""
    try:
        seen_at, version = parse_instant(request.form.get("seen_at", "")), whole_number(request.form.get("version", ""))
    except ValueError:
        version = None
    if version is None:
        raise InvalidInput.single("seen_at", "something else", "the moment and version of the page")
    with writing() as (session, now):
        receipts = acknowledge_routes(
            session, edge().host, request.form.getlist("route")[:200], seen_at=seen_at, version=version,
            actor=current_actor(), now=now,
        )  # fmt: skip
    numbers = [str(receipt["number"]) for receipt in receipts]
    span = numbers[0] if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    flash(f"Acknowledged. Receipt {span}.", "done")
    return redirect(url_for("alerts.my_routes"), code=303)


def _uuid_of(kind: str, text: str) -> str:
    """Return an id as it is kept; NotFound for what can be none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise NotFound(kind, text[:40]) from None


def _may_see_units() -> bool:
    return may(current_actor(), "read_acknowledgements")


def _names(session: Any, subscriptions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what the routes, areas and movements of subscriptions are called."""
    actor = current_actor()
    is_any = any(subscription["movement_ids"] for subscription in subscriptions)
    movements = list_register(session, "movement", actor=actor) if is_any else []
    routes = {row["id"]: row["code"] for row in list_register(session, "key_route", actor=actor)}
    areas = {row["id"]: row["name"] for row in list_register(session, "area", actor=actor)}
    return routes | areas | {row["id"]: row["code"] for row in movements}


_LINKS: dict[str, tuple[str, str, dict[str, str]]] = {
    "key_route": ("routes.show_route", "route_id", {}),
    "study": ("registers.show_row", "row_id", {"slug": "key-routes"}),
    "area": ("registers.show_row", "row_id", {"slug": "areas"}),
    "air_head": ("registers.show_row", "row_id", {"slug": "air-heads"}),
    "crossing": ("registers.show_row", "row_id", {"slug": "crossings"}),
    "site": ("registers.show_row", "row_id", {"slug": "sites"}),
    "asset": ("register_assets.show_asset", "asset_id", {}),
    "segment": ("live_map.live_map", "segment", {}),
    "movement": ("movements.show", "movement_id", {}),
    "case": ("restrictions.show_case", "case_id", {}),
    "manual": ("desk.show", "", {}),
    "order": ("controls.show_orders", "", {}),
}
"""Kind of what is due -> page, the argument that names it, and further ones."""


def _link_of(target: dict[str, str] | None) -> str | None:
    """Return the address of the page on which something that is due is dealt with."""
    if not target or target["kind"] not in _LINKS:
        return None
    page, argument, more = _LINKS[target["kind"]]
    values: dict[str, Any] = {**more, argument: target["id"]} if argument else dict(more)
    return url_for(page, **values)
