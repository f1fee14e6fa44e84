"""The desk: what waits for a judgement, one item with the rule made visible, and every judgement as a plain form."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from fom.domain.access import may
from fom.domain.grades import confidence_of, level_of
from fom.domain.instants import HOUR_US, format_instant
from fom.domain.policy import Policy
from fom.domain.states import State
from fom.errors import Conflict, FomError, InvalidInput, NotFound, NotPermitted
from fom.maps.style import STYLES, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.asking import answer_question, ask_back
from fom.services.bulk_grading import grade_many
from fom.services.closing import log_closing_act
from fom.services.desk_item import Item, look_into
from fom.services.effects import GRADES, RoadEffect
from fom.services.form_words import tell_answers
from fom.services.inspecting import INSPECT_ACTIONS
from fom.services.judging import (
    GUARDED_KINDS,
    RELATIONS,
    file_report,
    grade_record,
    link_records,
    retract_record,
    unlink_records,
)
from fom.services.overriding import ManualDraft, set_manual_state
from fom.services.pending import confirm_pending, list_pending, withdraw_pending
from fom.services.queue import Waiting, list_queue
from fom.services.record_reads import list_records
from fom.services.registers import save_register
from fom.services.report_inspections import Proposed, accept_inspection, propose_inspection, take_back_report
from fom.services.seen import marks_of
from fom.web.access import allows, current_actor
from fom.web.edge import edge, reading, writing

blueprint = Blueprint("desk", __name__)

SHOWN = 60
"""Lines listed at most."""
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
TASKS = {"explosive": "eod", "physical": "engineer"}
"""Kind of record -> task proposed; of all others a verification."""
WORSE, BETTER = ("AMBER", "RED", "BLACK"), ("AMBER", "GREY", "RED")
EXPIRIES_H = (1, 4, 12, 24)
DIGITS_MAX = 15


@blueprint.get("/desk")
@allows("read_reports")
def show() -> Any:
    """Show what waits, and in full the report or record that the address names, else what matters most."""
    return _page(request.args)


def _page(asked: Mapping[str, str], *, conflict: Conflict | None = None) -> Any:
    actor, host = current_actor(), edge().host
    now = host.now()
    with reading() as session:
        queue = list_queue(session, host, actor=actor, now=now)
        pending = list_pending(session, actor=actor)
        manual = _manual_states(session, now)
        report_id, record_id = asked.get("report"), asked.get("record")
        if not report_id and not record_id and queue:
            first = queue[0]
            report_id, record_id = (None, first.key) if first.report is None else (first.key, None)
        item = None
        if report_id or record_id:
            item = look_into(session, host, report_id=report_id, record_id=record_id, actor=actor, now=now)
        marks = marks_of(session, {row.id for line in queue[:SHOWN] for row in line.ungraded})
        return render_template(
            "desk/desk.html", queue=queue[:SHOWN], more=max(0, len(queue) - SHOWN), item=item, pending=pending,
            asked=bool(asked.get("report") or asked.get("record")), marks=marks, conflict=conflict,
            alarms=sum(line.alarm is not None for line in queue), manual=manual,
            closings=CLOSINGS, may_close={kind: may(actor, action) for kind, action in RIGHTS.items()},
            new_id=lambda: str(uuid.uuid4()), letter=_letter, worse=WORSE, better=BETTER, expiries=EXPIRIES_H,
            relations=RELATIONS, states=State, task_kind=TASKS, told=_told(item),
            inspection=_inspection(session, item, now),
            **_judgement(item, asked.get("grade"), host.policy),
            settings=_map_settings(item) if item is not None else None,
        )  # fmt: skip


def _told(item: Item | None) -> list[tuple[str, str]]:
    """Return the answers of the newest version in words."""
    if item is None or item.report is None:
        return []
    return tell_answers(item.report["form"], item.report["versions"][-1]["answers"])


def _inspection(session: Any, item: Item | None, now: int) -> Proposed | None:
    """Return what the report would be as an inspection of a register."""
    if item is None or item.report is None:
        return None
    return propose_inspection(session, item.report["id"], actor=current_actor(), network=edge().host.network, at=now)


def _judgement(item: Item | None, asked: str | None, policy: Policy) -> dict[str, Any]:
    """Return the grid of grades, the one chosen to begin with, and what each would do, for page and script."""
    grid = [[_cell(source + information, policy) for information in "123456"] for source in "ABCDEF"]
    if item is None or item.row is None:
        return {"grid": grid, "chosen": None, "outlook": {}, "proposal": None}
    proposal = item.waiting.proposals.get(item.row.id)
    current = item.waiting.grade or "F6"
    chosen = asked if asked in GRADES else proposal.grade if proposal else current
    in_force = confidence_of(current, policy)
    outlook = {
        grade: {
            "confidence": _share(confidence_of(grade, policy)),
            "level": level_of(confidence_of(grade, policy), policy).name.lower(),
            "waits": item.row.kind in GUARDED_KINDS and confidence_of(grade, policy) < in_force - 1e-9,
            "roads": [_road(road) for road in effect.roads],
        }
        for grade, effect in item.outlook.items()
    }
    return {"grid": grid, "chosen": chosen, "outlook": outlook, "proposal": proposal, "current": current}


def _road(road: RoadEffect) -> dict[str, Any]:
    style = STYLES[road.after]
    return {
        "label": place_on(road), "letter": style.letter, "word": style.word, "stays": road.after == road.now,
        "without": STYLES[road.before].letter,
    }  # fmt: skip


def place_on(road: RoadEffect) -> str:
    """Return what people call a stretch: the route's code without its class, with its kilometres."""
    if road.route is None:
        return road.name or "road off the key routes"
    code = road.route.rsplit(" ", 1)[-1]
    if road.from_km is None or road.to_km is None:
        return code
    low, high = int(road.from_km), int(-(-road.to_km // 1))
    return f"{code} km {low}" if high - low <= 1 else f"{code} {low}–{high}"


def _letter(state: State) -> str:
    return STYLES[state].letter


def _share(confidence: float) -> str:
    return "1.0" if confidence >= 0.995 else f"{confidence:.2f}"[1:]


def _cell(grade: str, policy: Policy) -> tuple[str, str, str]:
    """Return a grade with its confidence and the level that this reaches."""
    confidence = confidence_of(grade, policy)
    return grade, _share(confidence), level_of(confidence, policy).name.lower()


def _manual_states(session: Any, now: int) -> list[dict[str, Any]]:
    """Return the states set by hand that are in force, those that end first above."""
    actor, moment = current_actor(), format_instant(now)
    found = list_records(session, actor=actor, kinds=("manual",), known_at=now)
    standing = [f for f in found if (f["properties"].get("expires") or "9") > moment]
    acts = (
        list_records(session, actor=actor, kinds=("closing_act",), known_at=now, about=[f["id"] for f in standing])
        if standing
        else []
    )
    lifted = {target for act in acts for target in act["properties"]["closes"]}
    standing = [f for f in standing if f["id"] not in lifted]
    return sorted(standing, key=lambda f: (f["properties"].get("expires") or "9", f["id"]))[:20]


def _map_settings(item: Item) -> dict[str, Any]:
    host = edge().host
    return {
        "network": host.network.network_id, "segments": host.network.n_segments,
        "bounds": network_bounds(host.network), "credit": network_credit(host.network),
        "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(), "centre": item.centre,
        "view": item.view, "touched": item.touched,
    }  # fmt: skip


# what people do


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
        "Graded {}.".format(form.get("grade", "")),
    )  # fmt: skip


@blueprint.post("/desk/bulk")
@allows("grade")
def bulk() -> Any:
    """Confirm the proposed grades of the items chosen, all or none."""
    grades, seen = {}, {}
    for value in request.form.getlist("item"):
        for part in value.split(" "):
            record_id, _, rest = part.partition("~")
            proposed, _, mark = rest.partition("~")
            grades[record_id] = proposed
            if (number := whole_number(mark)) is not None:
                seen[record_id] = number
    try:
        with writing() as (session, now):
            outcomes = grade_many(session, grades, seen=seen, actor=current_actor(), now=now, host=edge().host)
        waits = sum(outcome.pending_id is not None for outcome in outcomes.values())
        words = f"{len(outcomes) - waits} grades set."
        flash(f"{words} {waits} wait for a second person." if waits else words, "done")
    except (Conflict, InvalidInput, NotPermitted, NotFound) as refused:
        flash(_why(refused), "refused")
    return _back()


@blueprint.post("/desk/link")
@allows("link")
def link() -> Any:
    """Link the record with another one."""
    form = request.form
    members = [form.get("record", ""), form.get("other", "")]
    words = {"duplicate": "Linked as one report told twice.", "same_incident": "Linked as the same incident."}
    said = words.get(form.get("relation", ""), "Marked as contradicting; the worse of both counts, a task is raised.")
    return _done(
        lambda session, now: link_records(session, form.get("relation", ""), members, actor=current_actor(), now=now),
        said,
    )


@blueprint.post("/desk/unlink")
@allows("link")
def unlink() -> Any:
    """Take a link back."""
    link_id = request.form.get("link", "")
    return _done(
        lambda session, now: unlink_records(session, link_id, actor=current_actor(), now=now),
        "Unlinked; each counts as it did before.",
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
        "Taken back.",
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
        "Asked. The sender sees it until it is answered.",
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
        "The answer is entered.",
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

    return _done(give, "The task is given.")


@blueprint.post("/desk/file")
@allows("grade")
def file() -> Any:
    """Take a report out of the queue with which nothing more can be done."""
    form = request.form
    return _done(
        lambda session, now: file_report(
            session, form.get("report", ""), reason=form.get("reason", ""), actor=current_actor(), now=now
        ),
        "Filed. Its words are kept.",
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
        "Entered as an inspection; the report is its evidence.",
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
        "The report is taken back.",
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

    return _done(set_it, "Set by hand.")


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


@blueprint.post("/desk/lift")
@allows("improve")
def lift() -> Any:
    """Lift a state that was set by hand."""
    form = request.form
    properties = {"kind": "closing_act", "act": "lifted", "closes": [form.get("manual", "")], "authority": "joc"}
    feature = {"type": "Feature", "geometry": None, "properties": properties}
    return _done(
        lambda session, now: log_closing_act(session, feature, id=form.get("id", ""), actor=current_actor(), now=now),
        "Lifted.",
    )


@blueprint.post("/desk/pending/<pending_id>/<what>")
@allows("close_explosive", "close_physical", "close_control", "grade", "retract", "improve", "link")
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


def _mark(form: Mapping[str, str]) -> int | None:
    return whole_number(form.get("seen", ""))


def whole_number(text: str) -> int | None:
    """Return the number that a hidden or chosen field holds, None when it holds none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else None


def _done(act: Callable[[Any, int], Any], words: str) -> Any:
    """Run one act in a transaction of its own and go back to the desk, with what happened or why it was refused."""
    try:
        with writing() as (session, now):
            outcome = act(session, now)
        waits = getattr(outcome, "pending_id", None)
        flash(f"{words} It waits for a second person." if waits else words, "done")
    except Conflict as refused:
        if refused.details.get("why") == "moved_on":
            return _page(request.form, conflict=refused), 409
        flash(_why(refused), "refused")
    except (InvalidInput, NotPermitted) as refused:
        flash(_why(refused), "refused")
    return _back()


def _back() -> Any:
    back: dict[str, Any] = {name: request.form[name] for name in ("report", "record") if request.form.get(name)}
    return redirect(url_for("desk.show", **back), code=303)


def _why(refused: FomError) -> str:
    if isinstance(refused, InvalidInput):
        return "; ".join(f"{e.field}: {e.came}, expected {e.expected}" for e in refused.errors)
    return str(refused)


def title_of(line: Waiting) -> tuple[str, str]:
    """Return (kind, code) of what a line tells, for the words of the template."""
    if not line.rows:
        return "form", line.report.form if line.report is not None else "other"
    row = line.rows[0]
    names = {"explosive": "class", "physical": "damage", "control": "control", "incident": "type"}
    name = names.get(row.kind)
    return row.kind, str(row.properties.get(name) or "") if name else str(row.properties.get("strength") or "")


blueprint.add_app_template_filter(title_of, "title_of")
blueprint.add_app_template_filter(place_on, "place_on")
