"""The parties: overview and a page each, with figures that always carry their exposure; and what each promised."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.compliance import BEFORE_WEEKS, GROUPS, PARTIES, RECENT_WEEKS
from fom.domain.growth import GROWTH_WEEKS
from fom.domain.instants import format_instant
from fom.domain.profiles import USER_CLASSES
from fom.domain.registers import members_of
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.maps.bars import WIDE, WIDTH, draw_weeks
from fom.services.admin_units import unit_names
from fom.services.parties import list_parties, show_party
from fom.services.registers import get_register, list_register, save_register
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing
from fom.web.pages.case_forms import COMMITMENT_FIELDS, FLAG_WORDS, SETTLE_FIELDS, read_fields

blueprint = Blueprint("parties", __name__)

TURN = GROWTH_WEEKS - RECENT_WEEKS
SPANS = ((TURN - BEFORE_WEEKS, TURN), (TURN, GROWTH_WEEKS))
READS, EDITS = "read_restriction_cases", "edit_restriction_cases"


@blueprint.get("/parties")
@allows(READS)
def show_all() -> Any:
    """Show every party beside the others."""
    user_class = _user_class()
    with reading() as session:
        told = list_parties(session, actor=current_actor(), at=present(session, edge().clock()), user_class=user_class)
    for figures in told["parties"]:
        figures["chart"] = _chart(figures)
    return render_template("parties/list.html", told=told, user_class=user_class, user_classes=USER_CLASSES)


@blueprint.get("/parties/<party>")
@allows(READS)
def show(party: str) -> Any:
    """Show one party."""
    return _page(party)


@blueprint.post("/parties/<party>/commitments")
@allows(EDITS)
def promise(party: str) -> Any:
    """Keep what a party promised."""
    if party not in PARTIES:
        raise NotFound("party", party)
    form = request.form.to_dict()
    try:
        values = read_fields(form, COMMITMENT_FIELDS) | {"id": form.get("id") or str(uuid.uuid4()), "actor": party}
        with writing() as (session, now):
            save_register(session, "commitment", values, version=None, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return _page(party, form, refused.errors), 422
    except Conflict as refused:
        return _page(party, form, [FieldError("promised", str(refused), "a promise to be entered once")]), 409
    flash("The commitment is kept.", "done")
    return redirect(url_for("parties.show", party=party, _anchor="commitments"), code=303)


@blueprint.post("/parties/<party>/commitments/<row_id>")
@allows(EDITS)
def settle(party: str, row_id: str) -> Any:
    """Say whether a commitment was kept, with the reason."""
    if party not in GROUPS:
        raise NotFound("party", party)
    form, actor = request.form.to_dict(), current_actor()
    try:
        values = read_fields(form, SETTLE_FIELDS)
        version = int(form["version"]) if form.get("version", "").isdecimal() else 0
        with writing() as (session, now):
            stored = get_register(session, "commitment", row_id, actor=actor)
            values["settled_at"] = values["settled_at"] or format_instant(now)
            whole = {name: stored[name] for name in members_of("commitment")} | values
            save_register(session, "commitment", whole, version=version, actor=actor, now=now)
        flash("Settled.", "done")
    except InvalidInput as refused:
        flash("; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors), "refused")
    except Conflict as refused:
        current: Any = refused.details["current"]
        said = f"it says {current['outcome']!r} now" if current["outcome"] else "it is still open"
        flash(f"{current['by']} changed this commitment meanwhile; {said}. Look at it again.", "refused")
    return redirect(url_for("parties.show", party=party, _anchor="commitments"), code=303)


def _page(party: str, typed: Mapping[str, str] | None = None, errors: Sequence[FieldError] = ()) -> str:
    user_class = _user_class()
    with reading() as session:
        actor = current_actor()
        page = show_party(session, party, actor=actor, at=present(session, edge().clock()), user_class=user_class)
        routes = {row["id"]: row["code"] for row in list_register(session, "key_route", actor=actor)}
    return render_template(
        "parties/party.html", page=page, chart=_chart(page, WIDE), small=_chart(page),
        user_class=user_class, user_classes=USER_CLASSES,
        units=unit_names(context_features()), routes=routes, typed=typed or {}, errors=errors,
        promise_fields=COMMITMENT_FIELDS, settle_fields=SETTLE_FIELDS, flags=FLAG_WORDS,
        new_id=(typed or {}).get("id") or str(uuid.uuid4()),
    )  # fmt: skip


def _chart(figures: Mapping[str, Any], width: float = WIDTH) -> Any:
    trend = figures["trend"]
    weeks = [(week.end, week.events, week.movements) for week in trend.weeks]
    expected = trend.growth.expected if trend.growth.has_enough and trend.growth.per_week is not None else ()
    return draw_weeks(weeks, recent=RECENT_WEEKS, spans=SPANS, expected=expected, width=width)


def _user_class() -> str | None:
    text = request.args.get("user_class") or None
    if text is not None and text not in USER_CLASSES:
        raise InvalidInput.single("user_class", text[:40], "one of " + ", ".join(USER_CLASSES))
    return text
