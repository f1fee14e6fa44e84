"""Whom to call when a movement is stopped: the list by party, entered, changed, confirmed by one button, ended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.compliance import PARTIES
from fom.domain.instants import format_instant
from fom.domain.registers import members_of
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.admin_units import unit_names
from fom.services.contacts import CONFIRMED_US, REGISTER, list_contacts
from fom.services.registers import get_register, list_register, save_register
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing
from fom.web.pages.case_forms import CONTACT_FIELDS, FLAG_WORDS, read_contact, typed_row

blueprint = Blueprint("contacts", __name__)

READS, EDITS = "read_restriction_cases", "edit_restriction_cases"
DAYS = CONFIRMED_US // (24 * 3_600_000_000)


@blueprint.get("/restrictions/contacts")
@allows(READS)
def show_all() -> Any:
    """List the contacts in use, of one party or area where the address names it."""
    party, unit = request.args.get("party") or None, request.args.get("admin_unit") or None
    if party is not None and party not in PARTIES:
        raise InvalidInput.single("party", party[:40], "one of " + ", ".join(PARTIES))
    actor = current_actor()
    with reading() as session:
        at = present(session, edge().clock())
        rows = list_contacts(session, actor=actor, at=at, party=party, admin_unit=unit)
        routes = {row["id"]: row["code"] for row in list_register(session, "key_route", actor=actor)}
    return render_template(
        "restrictions/contacts.html", rows=rows, party=party, unit=unit, parties=PARTIES, routes=routes,
        units=unit_names(context_features()), days=DAYS, stale=sum(row["is_stale"] for row in rows),
    )  # fmt: skip


@blueprint.get("/restrictions/contacts/new")
@allows(EDITS)
def new() -> Any:
    """Show the form of a new contact, with what the address says already."""
    typed = {field.name: request.args.get(field.name, "") for field in CONTACT_FIELDS}
    return _form({**typed, "classification": typed["classification"] or "confidential", "id": str(uuid.uuid4())})


@blueprint.post("/restrictions/contacts/new")
@allows(EDITS)
def add() -> Any:
    """Keep a new contact; whatever is wrong stands beside its field."""
    form = request.form.to_dict()
    try:
        values = read_contact(form) | {"id": form.get("id") or str(uuid.uuid4())}
        with writing() as (session, now):
            save_register(session, REGISTER, values, version=None, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return _form(form, refused.errors), 422
    except Conflict as refused:
        fresh = {**form, "id": str(uuid.uuid4())}
        return _form(fresh, [FieldError("form", str(refused), "a contact to be entered once")]), 409
    flash("The contact is kept.", "done")
    return redirect(url_for("contacts.show_all"), code=303)


@blueprint.get("/restrictions/contacts/<row_id>/edit")
@allows(EDITS)
def edit(row_id: str) -> Any:
    """Show the form of a contact as it stands."""
    with reading() as session:
        row = get_register(session, REGISTER, row_id, actor=current_actor())
    return _form({**typed_row(row, CONTACT_FIELDS), "id": row_id, "version": str(row["version"])}, row_id=row_id)


@blueprint.post("/restrictions/contacts/<row_id>/edit")
@allows(EDITS)
def change(row_id: str) -> Any:
    """Save a contact, confirm that it was reached now (`do=reached`), or end it (`do=end`)."""
    form, do = request.form.to_dict(), request.form.get("do", "save")
    if do not in ("save", "reached", "end"):
        raise InvalidInput.single("do", do[:40], "save, reached or end")
    actor = current_actor()
    try:
        values: dict[str, Any] = read_contact(form) if do == "save" else {}
        version = int(form["version"]) if form.get("version", "").isdecimal() else 0
        with writing() as (session, now):
            stored = get_register(session, REGISTER, row_id, actor=actor)
            if do == "reached":
                values = {"confirmed_at": format_instant(now), "confirmed_by": actor.name or actor.person}
            if do == "end":
                values = {"ended_at": format_instant(now)}
            whole = {name: stored[name] for name in members_of(REGISTER)} | values
            save_register(session, REGISTER, whole, version=version, actor=actor, now=now)
    except InvalidInput as refused:
        return _form({**form, "id": row_id}, refused.errors, row_id=row_id), 422
    except Conflict as refused:
        current: Any = refused.details["current"]
        said = FieldError("form", f"{current['by']} changed it meanwhile", "another look at the contact as it stands")
        typed = {**typed_row(current, CONTACT_FIELDS), "id": row_id, "version": str(current["version"])}
        return _form(typed, [said], row_id=row_id), 409
    flash({"reached": "Confirmed: reached just now.", "end": "It is called no more."}.get(do, "Saved."), "done")
    return redirect(url_for("contacts.show_all"), code=303)


def _form(typed: Mapping[str, str], errors: Sequence[FieldError] = (), row_id: str | None = None) -> str:
    with reading() as session:
        routes = {row["id"]: row["code"] for row in list_register(session, "key_route", actor=current_actor())}
    known = {field.name for field in CONTACT_FIELDS}
    return render_template(
        "restrictions/row_form.html", title="Change a contact" if row_id else "Enter a contact", here="contacts",
        fields=CONTACT_FIELDS, typed=typed, errors=errors, loose=[e for e in errors if e.field not in known],
        units=unit_names(context_features()), routes=routes, flags=FLAG_WORDS, back=url_for("contacts.show_all"),
        action=url_for("contacts.change", row_id=row_id) if row_id else url_for("contacts.add"), may_end=row_id,
    )  # fmt: skip
