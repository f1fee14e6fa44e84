"""The political calendar: dates that may move the parties, a year at a time, beside the restrictions of each month."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.instants import from_us
from fom.domain.registers import members_of
from fom.errors import Conflict, FieldError, InvalidInput
from fom.services.admin_units import unit_names
from fom.services.political_calendar import REGISTER, calendar_year
from fom.services.registers import get_register, save_register
from fom.services.writing import present
from fom.web.access import allows, current_actor
from fom.web.context_layers import context_features
from fom.web.edge import edge, reading, writing
from fom.web.pages.case_forms import DATE_FIELDS, FLAG_WORDS, read_fields, typed_row

blueprint = Blueprint("political_dates", __name__)

READS, EDITS = "read_restriction_cases", "edit_restriction_cases"


@blueprint.get("/restrictions/calendar")
@allows(READS)
def show_year() -> Any:
    """Show the dates of a year, this one by default, with the restrictions of each of its months."""
    with reading() as session:
        at = present(session, edge().clock())
        year = _year(request.args.get("year"), from_us(at).year)
        told = calendar_year(session, year, actor=current_actor(), at=at)
    return render_template("restrictions/calendar.html", told=told, year=year, units=unit_names(context_features()))


@blueprint.get("/restrictions/calendar/new")
@allows(EDITS)
def new() -> Any:
    """Show the form of a new date."""
    return _form({"id": str(uuid.uuid4()), "classification": "confidential"})


@blueprint.post("/restrictions/calendar/new")
@allows(EDITS)
def add() -> Any:
    """Keep a new date; whatever is wrong stands beside its field."""
    form = request.form.to_dict()
    try:
        values = read_fields(form, DATE_FIELDS) | {"id": form.get("id") or str(uuid.uuid4())}
        with writing() as (session, now):
            save_register(session, REGISTER, values, version=None, actor=current_actor(), now=now)
    except InvalidInput as refused:
        return _form(form, refused.errors), 422
    except Conflict as refused:
        fresh = {**form, "id": str(uuid.uuid4())}
        return _form(fresh, [FieldError("form", str(refused), "a date to be entered once")]), 409
    flash("The date is kept.", "done")
    return redirect(url_for("political_dates.show_year", year=values["starts_at"][:4]), code=303)


@blueprint.get("/restrictions/calendar/<row_id>/edit")
@allows(EDITS)
def edit(row_id: str) -> Any:
    """Show the form of a date as it stands."""
    with reading() as session:
        row = get_register(session, REGISTER, row_id, actor=current_actor())
    return _form({**typed_row(row, DATE_FIELDS), "id": row_id, "version": str(row["version"])}, row_id=row_id)


@blueprint.post("/restrictions/calendar/<row_id>/edit")
@allows(EDITS)
def change(row_id: str) -> Any:
    """Save a date."""
    form, actor = request.form.to_dict(), current_actor()
    try:
        values = read_fields(form, DATE_FIELDS)
        version = int(form["version"]) if form.get("version", "").isdecimal() else 0
        with writing() as (session, now):
            stored = get_register(session, REGISTER, row_id, actor=actor)
            whole = {name: stored[name] for name in members_of(REGISTER)} | values
            save_register(session, REGISTER, whole, version=version, actor=actor, now=now)
    except InvalidInput as refused:
        return _form({**form, "id": row_id}, refused.errors, row_id=row_id), 422
    except Conflict as refused:
        current: Any = refused.details["current"]
        said = FieldError("form", f"{current['by']} changed it meanwhile", "another look at the date as it stands")
        typed = {**typed_row(current, DATE_FIELDS), "id": row_id, "version": str(current["version"])}
        return _form(typed, [said], row_id=row_id), 409
    flash("Saved.", "done")
    return redirect(url_for("political_dates.show_year", year=values["starts_at"][:4]), code=303)


def _year(text: str | None, now: int) -> int:
    if not text:
        return now
    if not text.isdecimal() or len(text) != 4 or not 1900 <= int(text) < 2200:
        raise InvalidInput.single("year", text[:20], "a year from 1900 to 2199")
    return int(text)


def _form(typed: Mapping[str, str], errors: Sequence[FieldError] = (), row_id: str | None = None) -> str:
    known = {field.name for field in DATE_FIELDS}
    return render_template(
        "restrictions/row_form.html", title="Change a date" if row_id else "Enter a date", here="calendar",
        fields=DATE_FIELDS, typed=typed, errors=errors, loose=[e for e in errors if e.field not in known],
        units=unit_names(context_features()), routes={}, flags=FLAG_WORDS, back=url_for("political_dates.show_year"),
        action=url_for("political_dates.change", row_id=row_id) if row_id else url_for("political_dates.add"),
        may_end=None,
    )  # fmt: skip
