"""The desk: reports that wait for a judgement, acts that wait for a second person, and the closing of hazards."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.grades import confidence_of, level_of
from fom.domain.policy import Policy
from fom.errors import Conflict, FomError, InvalidInput, NotFound, NotPermitted
from fom.services.closing import log_closing_act
from fom.services.judging import grade_record
from fom.services.pending import confirm_pending, list_pending, withdraw_pending
from fom.services.queue import list_ungraded
from fom.services.record_reads import get_record
from fom.services.reporting import get_report, list_reports
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing

blueprint = Blueprint("desk", __name__)

SHOWN = 60
"""Reports listed at most."""
CLOSINGS = {
    "explosive": (("destroyed", "Item destroyed"), ("erroneous", "Reported in error")),
    "physical": (("repaired", "Repaired"), ("erroneous", "Reported in error")),
    "control": (("lifted", "Lifted"), ("erroneous", "Reported in error")),
    "incident": (("erroneous", "Reported in error"),),
}
"""Kind of record -> acts that need no surveyed area. Land release comes with its survey through the API."""
RIGHTS = {
    "explosive": "close_explosive", "physical": "close_physical", "control": "close_control",
    "incident": "close_control",
}  # fmt: skip
AUTHORITIES = {"explosive": "eod", "physical": "engineer", "control": "joc", "incident": "joc"}


@blueprint.get("/desk")
@allows("read_reports")
def show() -> Any:
    """Show what waits, and in full the report or record that the address names, else the newest that waits."""
    actor, chosen, record_id = current_actor(), request.args.get("report"), request.args.get("record")
    now = edge().clock()
    with reading() as session:
        waiting = [head for head in list_reports(session, actor=actor, limit=SHOWN * 3) if head["triage"] != "done"]
        if record_id and not chosen:
            report: dict[str, Any] | None = _as_report(get_record(session, record_id, actor=actor))
        else:
            first = chosen or next((head["id"] for head in waiting), None)
            report = get_report(session, first, actor=actor) if first else None
        ungraded = list_ungraded(session, actor=actor, now=now)
        pending = list_pending(session, actor=actor)
    policy = edge().host.policy
    grid = [[_cell(source + information, policy) for information in "123456"] for source in "ABCDEF"]
    return render_template(
        "desk/desk.html", waiting=waiting[:SHOWN], more=max(0, len(waiting) - SHOWN), report=report,
        asked=bool(chosen or record_id),
        ungraded=ungraded, pending=pending,
        grid=grid, closings=CLOSINGS, may_close={kind: may(actor, action) for kind, action in RIGHTS.items()},
        act_id=str(uuid.uuid4()),
    )  # fmt: skip


def _as_report(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record that came without a report, in the form in which reports are shown."""
    said = [*record["grades"], *record["closing_acts"]]
    head = {"id": None, "version": None, "by": record["properties"].get("by") or "loaded", "words": ""}
    known = {"form": record["properties"]["kind"], "received": record["properties"]["received"]}
    return head | known | {"records": [record], "about": {record["id"]: said}}


def _cell(grade: str, policy: Policy) -> tuple[str, float, str]:
    """Return a grade with its confidence and the level that this reaches."""
    confidence = confidence_of(grade, policy)
    return grade, confidence, level_of(confidence, policy).name


@blueprint.post("/desk/grade")
@allows("grade")
def grade() -> Any:
    """Grade one record."""
    form = request.form
    return _done(
        lambda session, now: grade_record(
            session, form.get("record", ""), form.get("grade", ""), eod_confirmed=form.get("eod_confirmed") == "yes",
            actor=current_actor(), now=now,
        ),
        "Graded {}.".format(form.get("grade", "")),
    )  # fmt: skip


@blueprint.post("/desk/close")
@allows("close_explosive", "close_physical", "close_control")
def close() -> Any:
    """Sign a closing act as the first person."""
    form = request.form
    kind = form.get("kind", "")
    if kind not in AUTHORITIES:
        raise InvalidInput.single("kind", repr(kind), "one of " + ", ".join(AUTHORITIES))
    properties: dict[str, Any] = {
        "kind": "closing_act",
        "act": form.get("act", ""),
        "closes": [form.get("record", "")],
        "authority": AUTHORITIES[kind],
    }
    if form.get("method", "").strip():
        properties["method"] = form["method"].strip()
    feature = {"type": "Feature", "geometry": None, "properties": properties}
    return _done(
        lambda session, now: log_closing_act(
            session, feature, id=form.get("id", ""), actor=current_actor(), now=now
        ),
        "Signed.",
    )  # fmt: skip


@blueprint.post("/desk/pending/<pending_id>/<what>")
@allows("close_explosive", "close_physical", "close_control", "grade", "retract", "improve")
def settle(pending_id: str, what: str) -> Any:
    """Confirm an act as the second person, or withdraw it."""
    if what == "confirm":
        return _done(
            lambda session, now: confirm_pending(session, pending_id, actor=current_actor(), now=now),
            "Confirmed. It is in force.",
        )
    if what != "withdraw":
        raise NotFound("page", what)
    reason = request.form.get("reason", "").strip() or "withdrawn at the desk"
    return _done(
        lambda session, now: withdraw_pending(session, pending_id, reason=reason, actor=current_actor(), now=now),
        "Withdrawn.",
    )


def _done(act: Any, words: str) -> Any:
    """Run one act in a transaction of its own and go back to the desk, with what happened or why it was refused."""
    try:
        with writing() as (session, now):
            outcome = act(session, now)
        waits = getattr(outcome, "pending_id", None)
        flash(f"{words} It waits for a second person." if waits else words, "done")
    except (Conflict, InvalidInput, NotPermitted) as refused:
        flash(_why(refused), "refused")
    back: dict[str, Any] = {name: request.form[name] for name in ("report", "record") if request.form.get(name)}
    return redirect(url_for("desk.show", **({"report": back["report"]} if "report" in back else back)), code=303)


def _why(refused: FomError) -> str:
    if isinstance(refused, InvalidInput):
        return "; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors)
    return str(refused)
