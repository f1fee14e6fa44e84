"""What people do at the desk: judgements as plain forms; what moved on meanwhile is shown, not overwritten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from markupsafe import Markup

from fom.domain.instants import HOUR_US, format_instant
from fom.domain.states import State
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.services.asking import answer_question, ask_back
from fom.services.bulk_grading import grade_many
from fom.services.closing import log_closing_act
from fom.services.inspecting import INSPECT_ACTIONS
from fom.services.judging import RELATIONS, file_report, grade_record, link_records, retract_record, unlink_records
from fom.services.overriding import ManualDraft, set_manual_state
from fom.services.pending import confirm_pending, withdraw_pending
from fom.services.registers import save_register
from fom.services.report_inspections import accept_inspection, take_back_report
from fom.services.two_bodies import Decision, settle_body
from fom.web.access import allows, current_actor
from fom.web.edge import edge, writing
from fom.web.pages.desk import EXPIRIES_H, blueprint, page
from fom.web.pages.desk_say import refusal_told, say, sentences
from fom.web.queries import whole_number

AUTHORITIES = {"explosive": "eod", "physical": "engineer", "control": "joc", "incident": "joc"}


@blueprint.post("/desk/grade")
@allows("grade")
def grade() -> Any:
    """Grade one record; when another officer judged it meanwhile, show what differs instead."""
    form = request.form
    return _done(
        lambda session, now: grade_record(
            session, form.get("record", ""), form.get("grade", ""), eod_confirmed=form.get("eod_confirmed") == "yes",
            seen=_mark(form), actor=current_actor(), now=now,
        ),
        say("done.graded", grade=form.get("grade", "")),
    )  # fmt: skip


@blueprint.post("/desk/bulk")
@allows("grade")
def bulk() -> Any:
    """Confirm the proposed grades of the items chosen, all or none."""
    grades: dict[str, str] = {}
    for value in request.form.getlist("item"):
        for part in value.split(" "):
            record_id, _, grades[record_id] = part.partition("~")
    mark = _mark(request.form)
    seen = {} if mark is None else dict.fromkeys(grades, mark)
    try:
        with writing() as (session, now):
            outcomes = grade_many(session, grades, seen=seen, actor=current_actor(), now=now, host=edge().host)
        waits = sum(outcome.pending_id is not None for outcome in outcomes.values())
        words = say("done.bulk", n=len(outcomes) - waits)
        flash(sentences(words, say("done.bulk_wait", n=waits)) if waits else words, "done")
    except Conflict as refused:
        if refused.details.get("why") == "moved_on":
            differs: Any = refused.details["differs"]
            return page({"record": differs[0]["about"]}, conflict=refused), 409
        flash(refusal_told(refused), "refused")
    except (InvalidInput, NotPermitted, NotFound) as refused:
        flash(refusal_told(refused), "refused")
    return _back()


@blueprint.post("/desk/link")
@allows("link")
def link() -> Any:
    """Link the record with another one."""
    form = request.form
    members = [form.get("record", ""), form.get("other", "")]
    relation = form.get("relation", "")
    return _done(
        lambda session, now: link_records(session, relation, members, seen=_mark(form), actor=current_actor(), now=now),
        say(f"done.linked_{relation if relation in RELATIONS else 'conflict'}"),
    )


@blueprint.post("/desk/unlink")
@allows("link")
def unlink() -> Any:
    """Take a link back."""
    link_id = request.form.get("link", "")
    return _done(
        lambda session, now: unlink_records(session, link_id, actor=current_actor(), now=now),
        say("done.unlinked"),
    )


@blueprint.post("/desk/retract")
@allows("retract")
def retract() -> Any:
    """Take the record back."""
    form = request.form
    return _done(
        lambda session, now: retract_record(
            session, form.get("record", ""), reason=form.get("reason", ""), seen=_mark(form), actor=current_actor(),
            now=now,
        ),
        say("done.taken_back"),
    )  # fmt: skip


@blueprint.post("/desk/ask")
@allows("grade")
def ask() -> Any:
    """Ask the sender."""
    form = request.form
    return _done(
        lambda session, now: ask_back(
            session, form.get("report", ""), form.get("text", ""), id=form.get("id", ""), actor=current_actor(),
            now=now,
        ),
        say("done.asked"),
    )  # fmt: skip


@blueprint.post("/desk/answer")
@allows("amend_report")
def answer() -> Any:
    """Enter what the sender answered by voice."""
    form = request.form
    return _done(
        lambda session, now: answer_question(
            session, form.get("question", ""), form.get("answer", ""), actor=current_actor(), now=now
        ),
        say("done.answered"),
    )


@blueprint.post("/desk/task")
@allows("edit_tasks")
def task() -> Any:
    """Give a task about the record."""
    form = request.form

    def give(session: Any, now: int) -> Any:
        values = {
            "id": form.get("id", ""), "kind": form.get("kind", ""), "target_id": form.get("record", ""),
            "assigned_to": form.get("assigned_to", "").strip() or None, "created_at": format_instant(now),
        }  # fmt: skip
        return save_register(session, "task", values, version=None, actor=current_actor(), now=now)

    return _done(give, say("done.task"))


@blueprint.post("/desk/file")
@allows("grade")
def file() -> Any:
    """Take a report out of the queue with which nothing more can be done."""
    form = request.form
    return _done(
        lambda session, now: file_report(
            session,
            form.get("report", ""),
            reason=form.get("reason", ""),
            seen=_mark(form),
            actor=current_actor(),
            now=now,
        ),
        say("done.filed"),
    )


@blueprint.post("/desk/body")
@allows("amend_report")
def body() -> Any:
    """Decide on a body that came with the id of the report: the first stands, or it becomes the next version."""
    form = request.form
    decision = Decision(
        number=whole_number(form.get("number", "")) or 0, outcome=form.get("outcome", ""),
        reason=form.get("reason", ""), id=form.get("id", ""),
        base_version=whole_number(form.get("base_version", "")) or 0,
    )  # fmt: skip
    host = edge().host

    def settle_it(session: Any, now: int) -> Any:
        return settle_body(
            session, form.get("report", ""), decision, actor=current_actor(), now=now, network=host.network,
            router=host.router, names=host.names,
        )  # fmt: skip

    is_first = decision.outcome == "keep_first"
    return _done(
        settle_it,
        say("done.keep_first" if is_first else "done.promote"),
        shown={"report": form.get("report", "")},
    )


@blueprint.post("/desk/inspection")
@allows(*INSPECT_ACTIONS.values())
def inspection() -> Any:
    """Enter the report as an inspection."""
    form = request.form
    return _done(
        lambda session, now: accept_inspection(
            session, form.get("report", ""), subject_id=form.get("subject") or None, actor=current_actor(), now=now,
            network=edge().host.network,
        ),
        say("done.inspection"),
    )  # fmt: skip


@blueprint.post("/desk/take-back")
@allows("amend_report")
def take_back() -> Any:
    """Take the whole report back, with the inspection that was entered from it."""
    form = request.form
    return _done(
        lambda session, now: take_back_report(
            session, form.get("report", ""), reason=form.get("reason", ""), actor=current_actor(), now=now
        ),
        say("done.report_back"),
    )


@blueprint.post("/desk/manual")
@allows("worsen", "improve")
def manual() -> Any:
    """Set the state of the stretch by hand."""
    form = request.form

    def set_it(session: Any, now: int) -> Any:
        hours = whole_number(form.get("hours", ""))
        if hours is not None and hours not in EXPIRIES_H:
            raise InvalidInput.single("hours", hours, "one of " + ", ".join(map(str, EXPIRIES_H)))
        draft = ManualDraft(
            id=form.get("id", ""), mode=form.get("mode", ""), state=form.get("state", ""),
            reason=form.get("reason", ""), expires=None if hours is None else now + hours * HOUR_US,
            segments=tuple(form.get("segments", "").split()),
        )  # fmt: skip
        if draft.state not in State.__members__:
            raise InvalidInput.single("state", repr(draft.state)[:40], "one of " + ", ".join(State.__members__))
        return set_manual_state(session, draft, actor=current_actor(), now=now, host=edge().host)

    return _done(set_it, say("done.by_hand"))


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
            session, feature, id=form.get("id", ""), seen=_mark(form), actor=current_actor(), now=now
        ),
        say("done.signed"),
    )  # fmt: skip


@blueprint.post("/desk/lift")
@allows("improve")
def lift() -> Any:
    """Lift a state that was set by hand."""
    form = request.form
    properties = {"kind": "closing_act", "act": "lifted", "closes": [form.get("manual", "")], "authority": "joc"}
    feature = {"type": "Feature", "geometry": None, "properties": properties}
    return _done(
        lambda session, now: log_closing_act(session, feature, id=form.get("id", ""), actor=current_actor(), now=now),
        say("done.lifted"),
    )


@blueprint.post("/desk/pending/<pending_id>/<what>")
@allows("close_explosive", "close_physical", "close_control", "grade", "retract", "improve", "link")
def settle(pending_id: str, what: str) -> Any:
    """Confirm an act as the second person, or withdraw it."""
    if what == "confirm":
        return _done(
            lambda session, now: confirm_pending(session, pending_id, actor=current_actor(), now=now),
            say("done.confirmed"),
        )
    if what != "withdraw":
        raise NotFound("page", what)
    reason = request.form.get("reason", "").strip() or "withdrawn at the desk"
    return _done(
        lambda session, now: withdraw_pending(session, pending_id, reason=reason, actor=current_actor(), now=now),
        say("done.withdrawn"),
    )


def _mark(form: Mapping[str, str]) -> int | None:
    return whole_number(form.get("seen", ""))


def _done(act: Callable[[Any, int], Any], words: Markup, *, shown: Mapping[str, str] | None = None) -> Any:
    """Run one act in a transaction of its own and go back to the desk, with what happened or why it was refused.

    `shown`: the report or record to go back to; default the one that the form names.
    """
    try:
        with writing() as (session, now):
            outcome = act(session, now)
        waits = getattr(outcome, "pending_id", None)
        flash(sentences(words, say("done.waits")) if waits else words, "done")
    except Conflict as refused:
        if refused.details.get("why") == "moved_on":
            return page(request.form, conflict=refused), 409
        flash(refusal_told(refused), "refused")
    except (InvalidInput, NotPermitted) as refused:
        flash(refusal_told(refused), "refused")
    return _back(shown)


def _back(shown: Mapping[str, str] | None = None) -> Any:
    form = request.form if shown is None else shown
    back: dict[str, Any] = {name: form[name] for name in ("report", "record") if form.get(name)}
    return redirect(url_for("desk.show", **back), code=303)
