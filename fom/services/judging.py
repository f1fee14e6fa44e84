"""Judgements of records: grades, links, retractions. A record is never rewritten; judgements follow it.

A judgement that could improve an explosive or physical state waits for a second person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require, visible
from fom.domain.grades import AUTOMATIC, NOT_JUDGED, Level, confidence_of, is_grade, level_of
from fom.domain.instants import format_instant
from fom.domain.policy import Policy
from fom.errors import Conflict, InvalidInput, NotFound
from fom.services.pending import Outcome, common_area, highest, new_id, pend
from fom.services.policies import edition_in_force
from fom.services.seen import check_report_unmoved, check_unmoved
from fom.services.tasking import raise_verify_task
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.records import (
    Provenance,
    find_record,
    find_records,
    grades_about,
    insert_records,
    list_about,
    retracted_ids,
    signatures_to_retract,
)
from fom.store.reports import find_report, has_open_conflict, list_version_records, list_versions
from fom.store.tables import RecordRow

GUARDED_KINDS = ("explosive", "physical")
"""Facts whose improvement takes two persons. Source: doctrine, section 10."""
GRADED_KINDS = ("explosive", "physical", "control", "incident", "verification")
BULK_SEGMENTS = 50
"""A batch of grades that improves more segments than this at once waits for a second person. Source: doctrine, 10."""
RELATIONS = ("duplicate", "same_incident", "conflict")


def grade_record(
    session: Session,
    record_id: str,
    grade: str,
    *,
    eod_confirmed: bool = False,
    seen: int | None = None,
    improves_segments: int = 0,
    actor: Actor,
    now: int,
) -> Outcome:
    """Judge a record. Lowering the confidence of an explosive or physical fact waits for a second person.

    Parameters
    ----------
    seen
        The mark (`seen.mark_now`) that came with the record; None = whatever was said meanwhile.
    improves_segments
        How many segments the batch improves to which this grade belongs; of too large a one each improvement waits.

    Raises
    ------
    Conflict
        Somebody else judged it meanwhile: `details["differs"]` names what came.
    NotFound
        No such record for this actor.
    InvalidInput
        Not a grade, or a kind that is not graded.
    NotPermitted
        The actor may not grade, or not confirm for EOD.
    """
    require(actor, "grade")
    if eod_confirmed:
        require(actor, "confirm_eod")
    if not is_grade(grade):
        raise InvalidInput.single("grade", repr(grade)[:40], "A1 to F6")
    at = step(session, now)
    target = get_visible_record(session, record_id, actor)
    if target.kind not in GRADED_KINDS:
        raise InvalidInput.single("target", target.kind, "a record of kind " + ", ".join(GRADED_KINDS))
    check_unmoved(session, [record_id], seen, actor=actor)
    properties: dict[str, Any] = {"kind": "grade", "target": record_id, "grade": grade}
    if eod_confirmed:
        properties["eod_confirmed"] = True
    feature = _feature(properties, actor, at)
    policy = edition_in_force(session, at).policy
    lowers = confidence_of(grade, policy) < confidence_of(grade_in_force(session, target, at=at, policy=policy), policy)
    is_bulk = improves_segments > BULK_SEGMENTS and (lowers or target.kind == "verification")
    if is_bulk:
        properties["meta"] = {"improves_segments": improves_segments}
        feature = _feature(properties, actor, at)
    if is_bulk or (target.kind in GUARDED_KINDS and lowers and not eod_confirmed):
        pending = pend(session, feature, action="grade", targets=[target], reason="", actor=actor, at=at)
        return Outcome(pending_id=pending)
    outcome = _write(session, "grade_record", feature, [target], actor=actor, at=at, details={"grade": grade})
    finish_triage(session, target, at)
    if target.kind != "verification" and level_of(confidence_of(grade, policy), policy) == Level.DOUBTFUL:
        raise_verify_task(session, target, actor=actor, at=at)
    return outcome


def grade_in_force(session: Session, target: RecordRow, *, at: int, policy: Policy) -> str:
    """Return the grade that counts: of each grader's latest the most cautious, else the record's own, else the default.

    Source: docs/formats.md, grades.
    """
    return grade_among(session, target, absent=retracted_ids(session, known_at=at), policy=policy)


def grade_among(session: Session, target: RecordRow, *, absent: set[str], policy: Policy) -> str:
    """Return the grade that counts when the records `absent` are taken back."""
    grades = [r for r in list_about(session, target.id) if r.kind == "grade" and r.id not in absent]
    return _that_counts(target, grades, policy)


def grades_of_many(
    session: Session, targets: Sequence[RecordRow], *, absent: set[str], policy: Policy
) -> dict[str, str]:
    """Return id -> the grade that counts, of many records."""
    grades = grades_about(session, [target.id for target in targets])
    return {
        target.id: _that_counts(target, [r for r in grades.get(target.id, ()) if r.id not in absent], policy)
        for target in targets
    }


def _that_counts(target: RecordRow, grades: Sequence[RecordRow], policy: Policy) -> str:
    latest: dict[str | None, RecordRow] = {}
    for row in sorted(grades, key=lambda r: (r.received or 0, r.id)):
        latest[row.by] = row
    if latest:
        choose = min if target.kind == "verification" else max
        return choose((row.grade or NOT_JUDGED for row in latest.values()), key=lambda g: confidence_of(g, policy))
    if target.grade is not None:
        return target.grade
    is_automatic = target.properties.get("authenticated") and target.properties.get("track") == "gps"
    return AUTOMATIC if is_automatic else NOT_JUDGED


def link_records(
    session: Session, relation: str, members: Sequence[str], *, seen: int | None = None, actor: Actor, now: int
) -> Outcome:
    """Say that records of one kind are duplicates, one incident, or in conflict; a conflict raises a verify task.

    Raises
    ------
    InvalidInput
        An unknown relation, fewer than two members, members of different kinds.
    NotFound
        A member that the actor does not see.
    Conflict
        Somebody else judged one of them since `seen`.
    """
    require(actor, "link")
    if relation not in RELATIONS:
        raise InvalidInput.single("relation", repr(relation)[:40], "one of " + ", ".join(RELATIONS))
    ids = sorted(set(members))
    if len(ids) < 2:
        raise InvalidInput.single("members", f"{len(ids)} record", "at least two different records")
    at = step(session, now)
    rows = [get_visible_record(session, record_id, actor) for record_id in ids]
    if len({row.kind for row in rows}) > 1:
        raise InvalidInput.single("members", ", ".join(sorted({r.kind for r in rows})), "records of one kind")
    check_unmoved(session, ids, seen, actor=actor)
    feature = _feature({"kind": "link", "relation": relation, "members": ids}, actor, at)
    outcome = _write(session, "link_records", feature, rows, actor=actor, at=at, details={"relation": relation})
    if relation == "conflict":
        raise_verify_task(session, rows[0], actor=actor, at=at)
    return outcome


def unlink_records(session: Session, link_id: str, *, actor: Actor, now: int) -> Outcome:
    """Take a link back; between explosive or physical facts this may improve a state and waits for a second person."""
    require(actor, "link")
    link = get_visible_record(session, link_id, actor)
    if link.kind != "link":
        raise InvalidInput.single("link", link.kind, "the id of a link")
    return _retract(session, link, reason="unlinked", action="link", actor=actor, now=now)


def retract_record(
    session: Session, record_id: str, *, reason: str, seen: int | None = None, actor: Actor, now: int
) -> Outcome:
    """Take a record back: one's own, or any with the right to retract.

    Of explosive and physical facts, and of what was said about them (grades, links), it waits for a second person.
    Closing acts are taken back at once: that only worsens. Another's worsening by hand takes the right to improve.

    Raises
    ------
    Conflict
        Retracted already; or somebody else judged it since `seen`.
    """
    step(session, now)
    row = get_visible_record(session, record_id, actor)
    check_unmoved(session, [record_id], seen, actor=actor)
    if row.by != actor.person:
        require(actor, "improve" if row.kind == "manual" and row.properties["mode"] == "worsen" else "retract")
    if not reason.strip():
        raise InvalidInput.single("reason", "nothing", "why the record is taken back")
    return _retract(session, row, reason=reason, action="retract", actor=actor, now=now)


def file_report(
    session: Session, report_id: str, *, reason: str, seen: int | None = None, actor: Actor, now: int
) -> None:
    """Take a report out of the queue that nothing more can be done with: its words stay, its records count as before.

    Raises
    ------
    NotFound
        No such report for this actor.
    InvalidInput
        No reason.
    Conflict
        A record of it is not graded yet, or another body waits beside it: decide on that, it is the way out. Or
        somebody else amended, filed or decided on it since `seen`.
    """
    require(actor, "grade")
    at = step(session, now)
    report = find_report(session, report_id)
    if report is None or not visible(actor, report):
        raise NotFound("report", report_id)
    if not reason.strip():
        raise InvalidInput.single("reason", "nothing", "why nothing more is to be done")
    check_report_unmoved(session, report.id, seen, actor=actor)
    if has_open_conflict(session, report.id):
        raise Conflict("another body came under its id: decide which stands", why="two_bodies")
    absent = retracted_ids(session, known_at=at)
    rows = list_version_records(session, list_versions(session, report.id)[-1].id)
    waiting = [r for r in rows if r.id not in absent and r.kind in GRADED_KINDS and not _is_graded(session, r, absent)]
    if waiting:
        raise Conflict(f"{len(waiting)} records of this report are not graded yet", why="not_graded")
    report.triage, report.changed_at = "done", at
    details = {"reason": reason.strip()}
    note(session, "file_report", ("report", report.id), kind="report", actor=actor, at=at, details=details)


def _is_graded(session: Session, row: RecordRow, absent: set[str]) -> bool:
    if row.grade is not None:
        return True
    return any(other.kind == "grade" and other.id not in absent for other in list_about(session, row.id))


def get_visible_record(session: Session, record_id: str, actor: Actor) -> RecordRow:
    """Return the row of a record; NotFound also when the actor may not see it."""
    row = find_record(session, record_id)
    if row is None or not visible(actor, row):
        raise NotFound("record", record_id)
    return row


def _retract(session: Session, row: RecordRow, *, reason: str, action: str, actor: Actor, now: int) -> Outcome:
    at = step(session, now)
    if row.id in retracted_ids(session, known_at=at):
        raise Conflict(f"record {row.id} is retracted already")
    properties = {"kind": "retraction", "target": row.id, "signed_by": [actor.person]}
    feature = _feature({**properties, "meta": {"reason": reason}}, actor, at)
    if _needs_two(session, row):
        pending = pend(session, feature, action=action, targets=[row], reason=reason, actor=actor, at=at)
        return Outcome(pending_id=pending)
    return _write(session, "retract_record", feature, [row], actor=actor, at=at, details={"reason": reason})


def _needs_two(session: Session, row: RecordRow) -> bool:
    if signatures_to_retract(row.kind, row.properties) == 2:
        return True
    if row.kind not in ("grade", "link", "retraction"):
        return False
    spoken_of = [row.properties["target"]] if row.kind != "link" else row.properties["members"]
    rows = find_records(session, spoken_of)
    if row.kind == "retraction":  # taking a retraction back brings its target back
        return any(target.kind == "closing_act" for target in rows)
    return any(target.kind in GUARDED_KINDS for target in rows)


def _write(
    session: Session,
    action: str,
    feature: Mapping[str, Any],
    about: Sequence[RecordRow],
    *,
    actor: Actor,
    at: int,
    details: Mapping[str, Any],
) -> Outcome:
    record_id = feature["id"]
    change = add_change(session, "record", at=at, subject=("record", record_id), record_ids=[record_id])
    provenance = Provenance(
        change_number=change,
        classification=highest(row.classification for row in about),
        area=common_area(about),
    )
    insert_records(session, [feature], provenance)
    details = {**details, "about": [row.id for row in about]}
    note(session, action, ("record", record_id), kind="record", actor=actor, at=at, details=details, change=change)
    return Outcome(record_id=record_id, change=change)


def _feature(properties: Mapping[str, Any], actor: Actor, at: int) -> dict[str, Any]:
    common = {"received": format_instant(at), "by": actor.person}
    return {"type": "Feature", "id": new_id(), "geometry": None, "properties": {**properties, **common}}


def finish_triage(session: Session, target: RecordRow, at: int) -> None:
    """A report leaves triage when every record of it was judged."""
    report = None if target.report_id is None else find_report(session, target.report_id)
    if report is None or report.triage != "new":
        return
    rows = list_version_records(session, list_versions(session, report.id)[-1].id)
    if all(any(r.kind == "grade" for r in list_about(session, row.id)) for row in rows):
        report.triage, report.changed_at = "done", at
