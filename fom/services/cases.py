"""Restriction cases: opened from a record, followed by dated steps, listed with how far each has come.

The register keeps what a case says (`fom/services/registers.py`); here are its steps and what is computed from them.
A viewer's lists and counts are made of the cases that he may see, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.cases import STATES, STEP_KINDS, Progress, Step, began_at, follow_case, step_faults
from fom.domain.instants import EARLIEST_US, LATEST_US, format_instant, parse_instant
from fom.domain.profiles import MISSION_CLASSES
from fom.domain.registers import ACTORS, RESTRICTION_OUTCOMES
from fom.errors import Conflict, FieldError, InvalidInput, NotFound
from fom.services.admin_units import unit_at
from fom.services.clause_lists import find_clause
from fom.services.judging import get_visible_record
from fom.services.registers import get_register, list_register, vars_of, write_row
from fom.services.writing import note, step
from fom.store.columns import hash_of
from fom.store.records import feature_of
from fom.store.tables import REGISTER_TABLES, CaseStep

REGISTER = "restriction_case"
CONTROL_CATEGORIES = {"denial": "denial_of_movement", "toll": "taxation_or_fee", "delay": "delay"}
ORDER_CATEGORIES = {
    "prohibited": "denial_of_movement",
    "permission": "conditions_imposed",
    "escort": "conditions_imposed",
}
CONTROL_OUTCOMES = {"denial": "turned_back", "delay": "proceeded_late"}
INCIDENT_CATEGORIES = {
    "hostile_checkpoint": "checkpoint_stop", "hijack_abduction": "seizure_or_hijack",
    "demonstration": "aggressive_demonstration", "armed_robbery": "assault_or_threat",
    "unarmed_crime": "assault_or_threat", "complex_ambush": "attack_on_movement",
    "fire_on_movement": "attack_on_movement", "detonation": "attack_on_movement", "crossfire": "attack_on_movement",
}  # fmt: skip
"""Type of incident -> category proposed. Who did it is never proposed: an incident does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """A step as somebody enters it; its id is the sender's, so that sending twice enters it once."""

    id: str
    kind: str
    at: int | None = None
    """When it was done; None = now."""
    due_at: int | None = None
    reference: str | None = None
    addressee: str | None = None
    words: str | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; None = all. `state` may also be overdue, unresolved or standing."""

    actor: str | None = None
    admin_unit: str | None = None
    clause: str | None = None
    user_class: str | None = None
    state: str | None = None


def list_cases(
    session: Session, wanted: CaseFilter, *, actor: Actor, at: int, known_at: int | None = None
) -> dict[str, Any]:
    """Return the cases asked for, newest first, and the counts of the selection by state.

    Returns
    -------
    `rows`; `counts` over all states of the same selection (`all`, each state, `overdue`, `unresolved`, `standing`);
    `known`: all cases that the actor may see, what the filters offer is taken from them.
    """
    require(actor, "read_restriction_cases")
    known = case_views(session, actor=actor, at=at, known_at=known_at)
    chosen = [row for row in known if _fits(row, wanted)]
    counts = {"all": len(chosen)} | {name: sum(_is_in(row, name) for row in chosen) for name in SELECTIONS}
    rows = [row for row in chosen if wanted.state is None or _is_in(row, wanted.state)]
    return {"rows": rows, "counts": counts, "known": known, "selection": chosen}


SELECTIONS = ("unresolved", *STATES, "overdue", "standing")


def case_views(session: Session, *, actor: Actor, at: int, known_at: int | None = None) -> list[dict[str, Any]]:
    """Return every case the actor may see that had begun by a moment, newest first, each with its `progress`."""
    require(actor, "read_restriction_cases")
    rows = [
        row
        for row in list_register(session, REGISTER, actor=actor, known_at=known_at)
        if began_at(case_moments(row)) <= at
    ]
    steps = steps_of(session, [row["id"] for row in rows], known_at=known_at)
    views = [_view(row, steps.get(row["id"], []), at) for row in rows]
    return sorted(views, key=lambda view: (-view["began_us"], view["id"]))


def list_due(session: Session, *, actor: Actor, at: int, known_at: int | None = None) -> list[dict[str, Any]]:
    """Return what waits for somebody, the earliest date first: replies, follow-ups, commitments not settled.

    Returns
    -------
    Dicts: `what` (reply, follow_up, commitment), `at` (microseconds), `is_overdue`, `actor`, `admin_unit`, `route`,
    `reference`, `addressee`, `words`; of a case also `case_id`, `category`, `began_at`.
    """
    require(actor, "read_restriction_cases")
    found: list[dict[str, Any]] = []
    for case in case_views(session, actor=actor, at=at, known_at=known_at):
        steps = {entered.id: entered for entered in case["progress"].steps}
        for due in case["progress"].dues if case["state"] != "resolved" else ():
            if not due.is_met:
                entered = steps[due.step]
                found.append({
                    "what": due.what, "at": due.at, "is_overdue": due.is_overdue, "id": due.step,
                    "case_id": case["id"], "category": case["category"], "began_at": case["began_at"],
                    "actor": case["actor"], "admin_unit": case["admin_unit"], "route": case["route"],
                    "reference": entered.reference,
                    "addressee": entered.addressee, "words": entered.words,
                })  # fmt: skip
    for row in list_register(session, "commitment", actor=actor, known_at=known_at):
        if row["due_at"] is not None and row["settled_at"] is None and parse_instant(row["promised_at"]) <= at:
            due_at = parse_instant(row["due_at"])
            found.append({
                "what": "commitment", "at": due_at, "is_overdue": due_at < at, "id": row["id"], "actor": row["actor"],
                "admin_unit": row["admin_unit"], "route": None, "reference": row["reference"], "addressee": None,
                "words": row["promised"],
            })  # fmt: skip
    return sorted(found, key=lambda one: (one["at"], one["id"]))


def position_of(session: Session, record_id: str | None, actor: Actor) -> tuple[float, float] | None:
    """Return where the record of a case lies, (lon, lat); None without one, without a place, or hidden from him."""
    if record_id is None:
        return None
    try:
        place = get_visible_record(session, record_id, actor).geometry
    except NotFound:
        return None
    if place is None:
        return None
    middle = place.representative_point()
    return middle.x, middle.y


def get_case(session: Session, case_id: str, *, actor: Actor, at: int, known_at: int | None = None) -> dict[str, Any]:
    """Return a case with its steps, its clause as its own version words it, and how far it has come.

    Raises
    ------
    NotFound
        No such case for this actor.
    """
    require(actor, "read_restriction_cases")
    row = get_register(session, REGISTER, case_id, actor=actor, known_at=known_at)
    steps = steps_of(session, [case_id], known_at=known_at).get(case_id, [])
    return _view(row, steps, at) | {"clause_text": find_clause(session, row["clause_version"], row["clause"])}


def add_case_step(session: Session, case_id: str, draft: StepDraft, *, actor: Actor, now: int) -> dict[str, Any]:
    """Enter a step and return the case as it stands then.

    A protest, a resolution and a reopening also change what the case itself says, so that the benchmarks see them.

    Raises
    ------
    InvalidInput
        What the step lacks or contradicts.
    Conflict
        The id is taken by another step.
    NotFound
        No such case for this actor.
    """
    require(actor, "edit_restriction_cases")
    at = step(session, now)
    case = get_register(session, REGISTER, case_id, actor=actor)
    taken = session.scalar(select(CaseStep).where(CaseStep.id == draft.id))
    if taken is not None:
        if taken.case_id == case_id and _is_same(taken, draft):
            return get_case(session, case_id, actor=actor, at=at)
        raise Conflict(f"step {draft.id} was entered before and says something else")
    row = _checked_step(session, case, draft, actor=actor, now=at)
    session.add(row)
    session.flush()
    _tell_case(session, case_id, by=actor.person, at=at)
    details = {"kind": row.kind, "case": case_id, "body_hash": hash_of(asdict(draft))}
    note(session, "add_case_step", ("case_step", row.id), kind="register", actor=actor, at=at, details=details)
    return get_case(session, case_id, actor=actor, at=at)


def open_case_from(
    session: Session,
    record_id: str,
    *,
    actor: Actor,
    units: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what a case about a record would say: `values` proposed from it, and the `cases` that name it already.

    Nothing is stored; a person looks at the proposal and saves it (`save_register`). What a record does not say is not
    guessed: a person enters who did it, which clause, whether a clearance was held.

    Parameters
    ----------
    units
        Outlines of the administrative units, GeoJSON features with `id`; none = the unit is left open.

    Raises
    ------
    NotFound
        No such record for this actor.
    InvalidInput
        The record is no restriction: neither a control nor an incident.
    """
    require(actor, "edit_restriction_cases")
    row = get_visible_record(session, record_id, actor)
    if row.kind not in ("control", "incident"):
        raise InvalidInput.single("record_id", f"a record of kind {row.kind}", "a control or an incident")
    said, meta = row.properties, row.meta or {}
    values: dict[str, Any] = {
        "record_id": record_id,
        "classification": row.classification,
        "area_id": row.area,
        "actor": said.get("imposed_by") if said.get("imposed_by") in ACTORS else "unknown",
        "user_class": said.get("user_class"),
        "delay_min": said.get("delay_min"),
        "occurred_at": None if row.occurred is None else format_instant(row.occurred),
        "category": INCIDENT_CATEGORIES.get(said.get("type", "")),
    }
    if row.kind == "control":
        control = said["control"]
        is_order = control == "order"
        by_effect = ORDER_CATEGORIES.get(said.get("effect") or "", "conditions_imposed")
        values["category"] = by_effect if is_order else CONTROL_CATEGORIES[control]
        values["outcome"] = CONTROL_OUTCOMES.get(control)
        if control == "toll":
            values["outcome"] = "proceeded_late" if said.get("delay_min") else "proceeded"
        if is_order:
            values |= {"order_id": record_id, "standing": True, "user_class": _one_class(said.get("user_classes"))}
            values["basis"] = "permission" if said.get("effect") == "permission" else None
    told = {**meta, **said}  # a fuller report form may say more than the rules of states ask for
    if told.get("outcome") in RESTRICTION_OUTCOMES:
        values["outcome"] = told["outcome"]
    if isinstance(told.get("clearance_held"), bool):
        values["clearance_held"] = told["clearance_held"]
    if row.geometry is not None:
        middle = row.geometry.representative_point()
        values["admin_unit"] = unit_at(units, middle.x, middle.y)
    cases = list_register(session, REGISTER, actor=actor)
    return {
        "values": {name: value for name, value in values.items() if value is not None},
        "cases": [case["id"] for case in cases if record_id in (case["record_id"], case["order_id"])],
        "record": feature_of(row),
    }


def steps_of(session: Session, case_ids: Iterable[str], *, known_at: int | None = None) -> dict[str, list[Step]]:
    """Return the steps of cases that were entered by a moment, oldest first; the cases are the caller's to show."""
    found: dict[str, list[Step]] = {}
    ids = sorted(set(case_ids))
    for start in range(0, len(ids), 500):
        query = select(CaseStep).where(CaseStep.case_id.in_(ids[start : start + 500]))
        if known_at is not None:
            query = query.where(CaseStep.received <= known_at)
        for row in session.scalars(query.order_by(CaseStep.number)):
            found.setdefault(row.case_id, []).append(_step(row))
    return found


def case_moments(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the domain asks of a case, moments in microseconds."""
    names = ("opened_at", "occurred_at", "protest_at", "resolved_at")
    moments = {name: None if row[name] is None else parse_instant(row[name]) for name in names}
    return {**moments, "protest_no": row["protest_no"]}


def _view(row: Mapping[str, Any], steps: Sequence[Step], at: int) -> dict[str, Any]:
    case = case_moments(row)
    progress = follow_case(case, steps, at)
    began = began_at(case)
    return {
        **row,
        "progress": progress,
        "began_us": began,
        "began_at": format_instant(began),
        "state": progress.state,
        "is_overdue": progress.is_overdue,
        "has_protest": progress.protested_at is not None,
    }


def progress_row(progress: Progress) -> dict[str, Any]:
    """Return how far a case has come as plain values, for the API."""

    def moment(us: int | None) -> str | None:
        return None if us is None else format_instant(us)

    return {
        "state": progress.state,
        "is_overdue": progress.is_overdue,
        **{name: moment(getattr(progress, name)) for name in (
            "protested_at", "answered_at", "resolved_at", "first_action_at",
        )},
        "dues": [
            {"at": format_instant(d.at), "what": d.what, "step": d.step, "is_met": d.is_met, "is_overdue": d.is_overdue}
            for d in progress.dues
        ],
        "steps": [
            {
                "id": s.id, "kind": s.kind, "at": format_instant(s.at), "received": format_instant(s.received),
                "by": s.by, "due_at": moment(s.due_at), "reference": s.reference, "addressee": s.addressee,
                "words": s.words, "corrects": s.corrects, "is_implied": s.is_implied,
                "is_corrected": s.id in progress.corrected,
            }
            for s in progress.steps
        ],
    }  # fmt: skip


def _fits(row: Mapping[str, Any], wanted: CaseFilter) -> bool:
    names = ("actor", "admin_unit", "clause", "user_class")
    return all(getattr(wanted, name) in (None, row[name]) for name in names)


def _is_in(row: Mapping[str, Any], selection: str) -> bool:
    if selection == "unresolved":
        return bool(row["state"] != "resolved")
    if selection == "overdue":
        return bool(row["is_overdue"])
    if selection == "standing":
        return bool(row["state"] != "resolved" and (row["standing"] or row["order_id"] is not None))
    return bool(row["state"] == selection)


def _one_class(classes: Sequence[str] | None) -> str | None:
    """Return the class that an order is about, where it is one; the mission's three count as its soldiers."""
    named = set(classes or ())
    if len(named) == 1 and "all" not in named:
        return named.pop()
    return "mission_military" if named and named <= set(MISSION_CLASSES) else None


def _checked_step(session: Session, case: Mapping[str, Any], draft: StepDraft, *, actor: Actor, now: int) -> CaseStep:
    texts = {
        name: (getattr(draft, name) or "").strip() or None for name in ("reference", "addressee", "words", "corrects")
    }
    limits = {"reference": 120, "addressee": 200, "words": 4000, "corrects": 120}
    errors = [
        FieldError(name, f"{len(texts[name] or '')} characters", f"at most {most}")
        for name, most in limits.items()
        if len(texts[name] or "") > most
    ]
    if draft.kind not in STEP_KINDS:
        errors.append(FieldError("kind", repr(draft.kind)[:80], "one of " + ", ".join(STEP_KINDS)))
    at = now if draft.at is None else draft.at
    errors += [
        FieldError(name, str(moment), "a time between 1900 and 2200")
        for name, moment in (("at", at), ("due_at", draft.due_at))
        if moment is not None and not EARLIEST_US <= moment <= LATEST_US
    ]
    given = {**texts, "at": at, "due_at": draft.due_at}
    errors += step_faults(draft.kind, given, begun=began_at(case_moments(case)), now=now)
    if texts["corrects"] is not None:
        others = {entered.id for entered in steps_of(session, [case["id"]]).get(case["id"], [])}
        if texts["corrects"] not in others | {"case:protest", "case:resolution"}:
            errors.append(FieldError("corrects", texts["corrects"][:80], "the id of a step of this case"))
    if errors:
        raise InvalidInput(errors)
    return CaseStep(
        id=draft.id, case_id=case["id"], kind=draft.kind, at=at, received=now, by=actor.person, due_at=draft.due_at,
        **texts,
    )  # fmt: skip


def _tell_case(session: Session, case_id: str, *, by: str, at: int) -> None:
    """Make the case's own members agree with its steps: protest and resolution, as a version of the case."""
    row = session.get_one(REGISTER_TABLES[REGISTER], case_id)
    before = vars_of(REGISTER, row)
    steps = steps_of(session, [case_id])[case_id]
    progress = follow_case(before, steps, at)
    after = dict(before)
    kinds = {entered.kind for entered in steps}
    if kinds & {"resolved", "reopened"}:
        resolved = progress.resolved_at
        after["resolved_at"] = None if resolved is None else max(resolved, before["opened_at"])
    counted = [s for s in progress.steps if s.id not in progress.corrected and s.kind == "protest_sent"]
    if "protest_sent" in kinds:
        first = counted[0] if counted else None
        after |= {"protest_no": first and first.reference and first.reference[:80], "protest_at": first and first.at}
    if after != before:
        write_row(session, REGISTER, after, row, by=by, at=at)


def _step(row: CaseStep) -> Step:
    return Step(
        id=row.id, kind=row.kind, at=row.at, received=row.received, by=row.by, due_at=row.due_at,
        reference=row.reference, addressee=row.addressee, words=row.words, corrects=row.corrects,
    )  # fmt: skip


def _is_same(row: CaseStep, draft: StepDraft) -> bool:
    texts = ("reference", "addressee", "words", "corrects")
    return (
        (row.kind, row.due_at) == (draft.kind, draft.due_at)
        and draft.at in (None, row.at)
        and all(getattr(row, name) == ((getattr(draft, name) or "").strip() or None) for name in texts)
    )
