"""The desk as it is read: what waits for a judgement, and one item with the rule made visible. Acts: `desk_acts`."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request

from fom.domain.access import may
from fom.domain.grades import confidence_of, level_of
from fom.domain.instants import format_instant
from fom.domain.policy import Policy
from fom.domain.states import State
from fom.errors import Conflict, InvalidInput
from fom.maps.style import STYLES, map_style_values
from fom.maps.tiles import MAX_ZOOM, MIN_ZOOM, network_bounds, network_credit
from fom.services.desk_item import Item, look_into
from fom.services.effects import GRADES, Effect, RoadEffect
from fom.services.form_words import tell_answers
from fom.services.judging import GUARDED_KINDS, RELATIONS
from fom.services.pending import list_pending
from fom.services.queue import list_queue
from fom.services.record_reads import list_records
from fom.services.report_inspections import Proposed, propose_inspection
from fom.services.reporting import body_of
from fom.services.seen import mark_now
from fom.services.two_bodies import look_at_body
from fom.web.access import allows, current_actor
from fom.web.alerting import note_effects
from fom.web.edge import edge, reading
from fom.web.pages.desk_say import affected_told, place_told, refusal_told
from fom.web.pages.desk_words import differing
from fom.web.pages.languages import as_text, chosen_language, in_language, keep_language

blueprint = Blueprint("desk", __name__)
blueprint.after_request(keep_language)

SHOWN = 60
"""Lines listed at most."""
CLOSINGS = {
    "explosive": ("destroyed", "erroneous"),
    "physical": ("repaired", "erroneous"),
    "control": ("lifted", "erroneous"),
    "incident": ("erroneous",),
}
"""Kind of record -> acts that need no surveyed area; those that do have a page of their own (`desk_close`)."""
RIGHTS = {
    "explosive": "close_explosive", "physical": "close_physical", "control": "close_control",
    "incident": "close_control",
}  # fmt: skip
TASKS = {"explosive": "eod", "physical": "engineer"}
"""Kind of record -> task proposed; of all others a verification."""
EXPIRIES_H = (1, 4, 12, 24)


@blueprint.get("/desk")
@allows("read_reports")
def show() -> Any:
    """Show what waits, and in full the report or record that the address names, else what matters most."""
    return page(request.args)


@blueprint.get("/desk/item")
@allows("read_reports")
def item() -> Any:
    """Return the item and its judgement alone, for a page that has the queue already."""
    host = edge().host
    with reading() as session:
        values = _item_values(session, host, request.args)
        return render_template("desk/_fragment.html", **values, **in_language(), asked=True)


def page(asked: Mapping[str, str], *, conflict: Conflict | None = None) -> Any:
    """Return the whole desk; with `conflict` it says what somebody else did meanwhile."""
    actor, host = current_actor(), edge().host
    now = host.now()
    with reading() as session:
        queue = list_queue(session, host, actor=actor, now=now)
        note_effects(line.effect for line in queue.lines[:SHOWN])
        report_id, record_id = asked.get("report"), asked.get("record")
        wanted = dict(asked)
        if not report_id and not record_id and queue.lines:
            first = queue.lines[0]
            wanted |= {"record": first.key} if first.report is None else {"report": first.key}
        return render_template(
            "desk/desk.html", queue=queue, shown=queue.lines[:SHOWN],
            pending=list_pending(session, actor=actor), manual=_manual_states(session, now), mark=mark_now(session),
            asked=bool(report_id or record_id), conflict=conflict,
            alarms=sum(line.alarm is not None for line in queue.lines),
            settings={
                "network": host.network.network_id, "segments": host.network.n_segments,
                "bounds": network_bounds(host.network), "credit": network_credit(host.network),
                "zooms": [MIN_ZOOM, MAX_ZOOM], "style": map_style_values(),
            },
            **_item_values(session, host, wanted), **in_language(),
        )  # fmt: skip


def _item_values(session: Any, host: Any, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what the templates of an item read; `item` is None when the address names none."""
    report_id, record_id, actor = asked.get("report"), asked.get("record"), current_actor()
    found = None
    if report_id or record_id:
        found = look_into(session, host, report_id=report_id, record_id=record_id, actor=actor, now=host.now())
        note_effects([found.waiting.effect, *found.outlook.values()])
    return {
        "item": found, "told": _told(found), "bodies": _bodies(session, host, found), "closings": CLOSINGS,
        "may_close": {kind: may(actor, action) for kind, action in RIGHTS.items()}, "relations": RELATIONS,
        "new_id": lambda: str(uuid.uuid4()), "letter": letter_of_state, "expiries": EXPIRIES_H, "states": State,
        "task_kind": TASKS, "affected": affected_told(found.affected) if found is not None else "",
        "place": None if found is None else _map_place(found),
        "inspection": _inspection(session, found, host.now()),
        **_judgement(found, asked.get("grade"), host.policy),
    }  # fmt: skip


def _bodies(session: Any, host: Any, found: Item | None) -> list[dict[str, Any]]:
    """Return the other bodies that came with the report's id: what differs, and what promoting each would do."""
    if found is None or found.report is None:
        return []
    told, now = [], body_of(session, found.report["id"], actor=current_actor())
    for conflict in found.report["conflicts"]:
        effect, fault = Effect(), None
        if conflict["decision"] is None:
            try:
                effect = look_at_body(session, host, found.report["id"], conflict["number"], actor=current_actor())
            except InvalidInput as refused:
                fault = refusal_told(refused)
        told.append({**conflict, "differs": differing(now, conflict["body"]), "effect": effect, "fault": fault})
    note_effects(one["effect"] for one in told)
    return told


def _told(item: Item | None) -> list[tuple[str, str]]:
    """Return the answers of the newest version in the words of the language chosen."""
    if item is None or item.report is None:
        return []
    return tell_answers(item.report["form"], item.report["versions"][-1]["answers"], chosen_language())


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
    """Return what the script of the grid says of a road."""
    return {
        "label": as_text(place_told(road)), "letter": letter_of_state(road.after), "stays": road.after == road.now,
        "without": letter_of_state(road.before),
    }  # fmt: skip


def letter_of_state(state: State) -> str:
    """Return the letter of a state."""
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


def _map_place(item: Item) -> dict[str, Any]:
    """Return what the map shows of one item."""
    return {
        "centre": item.centre, "view": item.view, "touched": item.touched,
        "released": [act["area"] for act in item.pending if act["area"] is not None],
    }  # fmt: skip
