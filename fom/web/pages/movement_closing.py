"""The close-out of a movement, in a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.instants import format_instant
from fom.domain.movements import (
    CANCELLED,
    STOPPED,
    THROUGH,
)
from fom.domain.registers import ACTORS, MOVEMENT_OUTCOMES
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.services.movement_advice import purge_ways
from fom.services.movement_closing import close_movement
from fom.services.movements import get_movement
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing
from fom.web.pages.moment_fields import moment_text
from fom.web.pages.movement_form import (
    read_closure,
)
from fom.web.pages.movement_words import OUTCOME_WORDS

blueprint = Blueprint("movement_closing", __name__)


@blueprint.get("/movements/<movement_id>/close")
@allows("edit_movements", "send_report")
def close(movement_id: str) -> Any:
    """Ask how it ended, with the times filled in."""
    now = edge().host.now()
    with reading() as session:
        movement = get_movement(session, movement_id, actor=current_actor(), now=now)
    form = {
        "version": str(movement["version"]),
        "actual_start": moment_text(movement["actual_start"] or min(movement["planned_start"], format_instant(now))),
        "actual_end": moment_text(now),
        "travelled": "planned" if movement["ways"] else "not_said",
        "delivered_t": "" if movement["planned_t"] is None else f"{movement['planned_t']:g}",
        "verify": "yes",
    }
    return _close_page(movement, form, [])


@blueprint.post("/movements/<movement_id>/close")
@allows("edit_movements", "send_report")
def close_out(movement_id: str) -> Any:
    """Close it out; of two who do so at once the second is shown what differs."""
    form, actor = request.form.to_dict(), current_actor()
    version = int(form["version"]) if form.get("version", "").isdigit() else 0
    errors: list[FieldError] = []
    try:
        said = read_closure(form)
        if said["outcome"] in CANCELLED or said["outcome"] in STOPPED:
            said["delivered_t"] = said["delivered_t"] if form.get("delivered_typed") else None
        with writing() as (session, now):
            closed = close_movement(session, edge().host, movement_id, said, version=version, actor=actor, now=now)
            purge_ways(session, now=now)
        flash(f"{closed['code']} is closed: {OUTCOME_WORDS[closed['outcome']].lower()}.", "done")
        return redirect(url_for("movements.show", movement_id=movement_id), code=303)
    except InvalidInput as refused:
        errors, differs, status = list(refused.errors), None, 422
    except Conflict as conflict:
        errors, status = [FieldError("form", str(conflict), "one close-out")], 409
        differs = conflict.details.get("differs", [])
        current: Any = conflict.details["current"]
        form["version"] = str(current["version"])
    with reading() as session:
        movement = get_movement(session, movement_id, actor=actor, now=edge().host.now())
    return _close_page(movement, form, errors, differs=differs, status=status)


def _close_page(
    movement: Mapping[str, Any],
    form: Mapping[str, str],
    errors: list[FieldError],
    *,
    differs: Any = None,
    status: int = 200,
) -> Any:
    if not movement["may_close"]:
        raise NotPermitted("a movement is closed by its unit or by movement control")
    if movement["is_purged"]:
        raise NotFound("open movement", movement["id"])
    page = render_template(
        "movements/close.html", m=movement, form=form, errors=errors, differs=differs, outcomes=MOVEMENT_OUTCOMES,
        groups=(("It got there", THROUGH), ("It was stopped", STOPPED), ("It did not leave", CANCELLED)),
        parties=ACTORS,
        loose=[e for e in errors if e.field not in ("outcome", "actual_start", "actual_end", "stop_km", "delay_min",
                                                     "delivered_t", "party", "form")],
    )  # fmt: skip
    return page, status
