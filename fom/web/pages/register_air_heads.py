"""Air heads in the registers: aircraft types approved by aviation; import from a table, previewed and reversible."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from fom.errors import Conflict, FieldError, InvalidInput
from fom.maps.tiles import network_bounds
from fom.services.air_head_import import (
    apply_batch,
    get_batch,
    list_batches,
    reverse_batch,
    stage_air_heads,
)
from fom.services.inspecting import approve_aircraft
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.register_words import SHOWN
from fom.web.pages.registers import render_row

blueprint = Blueprint("register_air_heads", __name__, url_prefix="/registers/air-heads")
MARGIN_DEG = 0.5
"""The mission area of an import reaches this far beyond the roads of its network: air heads may lie off them."""


@blueprint.post("/<row_id>/approve")
@allows("approve_aircraft")
def approve(row_id: str) -> Any:
    """Approve an aircraft type, or take its approval back."""
    form = request.form
    try:
        with writing() as (session, now):
            approve_aircraft(
                session, row_id, form.get("aircraft_type", ""), is_approved=form.get("act") != "withdraw",
                text=form.get("note", "")[:500], version=int(form.get("version") or 0), actor=current_actor(), now=now,
            )  # fmt: skip
    except InvalidInput as refused:
        return render_row(SHOWN["air-heads"], row_id, errors=list(refused.errors)), 422
    except (Conflict, ValueError):
        words = [FieldError("version", "an older state of this air head", "the one below: look again, then approve")]
        return render_row(SHOWN["air-heads"], row_id, errors=words), 409
    return redirect(url_for("registers.show_row", slug="air-heads", row_id=row_id, _anchor="types"), code=303)


@blueprint.get("/import")
@allows("edit_air_heads")
def show_import() -> str:
    """Ask for a table, and list what was imported before."""
    return _render_import([])


@blueprint.post("/import")
@allows("edit_air_heads")
def stage() -> Any:
    """Read a table and show what it would change; nothing is written yet."""
    try:
        tables = {name: _text(name) for name in ("airports", "runways")}
        if tables["airports"] is None:
            raise InvalidInput.single("airports", "nothing", "a file with the columns of OurAirports' airports.csv")
        with writing() as (session, now):
            batch = stage_air_heads(
                session, id=request.form.get("id", ""), file_name=request.files["airports"].filename or "table",
                airports=tables["airports"], runways=tables["runways"], bounds=mission_bounds(), actor=current_actor(),
                now=now,
            )  # fmt: skip
    except InvalidInput as refused:
        return _render_import(list(refused.errors)), 422
    except Conflict as conflict:
        return _render_import([FieldError("form", str(conflict), "a table to be sent once")]), 409
    return redirect(url_for("register_air_heads.show_batch", batch_id=batch["id"]), code=303)


@blueprint.get("/import/<batch_id>")
@allows("edit_air_heads")
def show_batch(batch_id: str) -> str:
    """Show a batch: what is new, what changes, what is left out and why."""
    return _render_batch(batch_id)


@blueprint.post("/import/<batch_id>")
@allows("edit_air_heads")
def act_on_batch(batch_id: str) -> Any:
    """Write a staged batch, or take a written one back."""
    verb = reverse_batch if request.form.get("act") == "reverse" else apply_batch
    try:
        with writing() as (session, now):
            verb(session, batch_id, actor=current_actor(), now=now)
    except Conflict as conflict:
        return _render_batch(batch_id, str(conflict)), 409
    return redirect(url_for("register_air_heads.show_batch", batch_id=batch_id), code=303)


def mission_bounds() -> tuple[float, float, float, float]:
    """Return the area whose air heads are ours: the network's, and somewhat more."""
    west, south, east, north = network_bounds(edge().host.network)
    return (
        max(west - MARGIN_DEG, -180.0), max(south - MARGIN_DEG, -90.0), min(east + MARGIN_DEG, 180.0),
        min(north + MARGIN_DEG, 90.0),
    )  # fmt: skip


def _text(name: str) -> str | None:
    file = request.files.get(name)
    if file is None or not file.filename:
        return None
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.single(name, "a file that is not UTF-8", "a table saved as UTF-8 text") from None


def _render_import(errors: list[FieldError]) -> str:
    with reading() as session:
        batches = list_batches(session, actor=current_actor())
    return render_template(
        "registers/import.html", id=str(uuid.uuid4()), batches=batches, errors=errors, bounds=mission_bounds()
    )


def _render_batch(batch_id: str, refused: str | None = None) -> str:
    with reading() as session:
        batch = get_batch(session, batch_id, actor=current_actor())
    return render_template("registers/batch.html", batch=batch, refused=refused, bounds=mission_bounds())
