"""Reports: log one, amend one, read them. A version is what a person sent, once; records follow from it.

The same UUID with the same body gives the first result; with another body it is a conflict and both are kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.instants import MINUTE_US, format_instant
from fom.errors import Conflict, KeptConflict, NotFound
from fom.network.network import Network
from fom.services.accounts import ensure_unit
from fom.services.drafts import ReportDraft, complete_features
from fom.services.evidence import list_evidence
from fom.services.former_names import named_in_use
from fom.services.former_networks import FormerNetworks
from fom.services.pending import list_pending_of, pend
from fom.services.record_checks import check_references
from fom.services.writing import note, step
from fom.store.changes import add_change
from fom.store.columns import canonical_json
from fom.store.records import (
    Provenance,
    feature_of,
    insert_records,
    list_about,
    retracted_ids,
    signatures_to_retract,
)
from fom.store.reports import (
    find_report,
    find_version,
    has_open_conflict,
    keep_conflict,
    list_conflicts,
    list_settlements,
    list_version_records,
    list_versions,
    name_records,
)
from fom.store.tables import Audit, RecordRow, Report, ReportConflict, ReportVersion

SKEW_US = 10 * MINUTE_US
"""A device clock farther off is told. Source: doctrine, section 9.6."""
PLACED_KINDS = ("explosive", "physical", "control", "incident", "verification")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedReport:
    """What came of a report: `change` is None and `is_new` False when it was known already."""

    report_id: str
    version: int
    record_ids: tuple[str, ...]
    change: int | None
    is_new: bool
    triage: str
    pending_ids: tuple[str, ...] = ()
    """Retractions of explosive or physical records that wait for a second person."""


def log_report(
    session: Session,
    draft: ReportDraft,
    *,
    actor: Actor,
    now: int,
    network: Network | None = None,
    names: FormerNetworks | None = None,
) -> LoggedReport:
    """Store a report with its records, audit line and change number.

    Parameters
    ----------
    network
        Checks the segments and assets that records name; without it they are taken as they are.
    names
        Of former networks, to name anew what comes from a page of one.

    Raises
    ------
    InvalidInput
        Every bad field of every record.
    KeptConflict
        The UUID came before with another body; this body is kept for triage beside the first.
    """
    require(actor, "send_report")
    at = step(session, now)
    known = find_version(session, draft.id)
    if known is not None:
        return _again(session, known, draft, actor=actor, at=at)
    features = complete_features(draft, actor=actor, at=at, report_id=draft.id, version=1)
    features = named_in_use(features, names)
    check_references(session, features, network)
    change = add_change(session, "report", at=at, subject=("report", draft.id), record_ids=[f["id"] for f in features])
    unit = ensure_unit(session, draft.unit or actor.unit)
    report = Report(
        id=draft.id,
        form=draft.form,
        version=1,
        triage=_triage(features, draft, at),
        classification=draft.classification,
        area=draft.area,
        unit_id=unit,
        by=actor.person,
        received=at,
        changed_at=at,
    )
    session.add(report)
    session.flush()
    _add_version(session, report, draft, actor=actor, at=at, change=change)
    insert_records(session, features, _provenance(draft, change, draft.id, 1))
    record_ids = tuple(f["id"] for f in features)
    name_records(session, draft.id, record_ids)
    details = {"form": draft.form, "body_hash": draft.body_hash, "records": list(record_ids)}
    note(session, "log_report", ("report", draft.id), kind="report", actor=actor, at=at, details=details, change=change)
    return LoggedReport(
        report_id=draft.id, version=1, record_ids=record_ids, change=change, is_new=True, triage=report.triage
    )


def amend_report(
    session: Session,
    report_id: str,
    draft: ReportDraft,
    *,
    base_version: int,
    sender: Actor | None = None,
    actor: Actor,
    now: int,
    network: Network | None = None,
    names: FormerNetworks | None = None,
) -> LoggedReport:
    """Store a new version of a report: unchanged records stay, the others are retracted and added anew.

    What is new counts at once; the retraction of an explosive or physical record waits for a second person.

    Parameters
    ----------
    sender
        Who said it, where somebody else makes it a version: it is his, and counts no more than if he had amended.

    Raises
    ------
    NotFound
        No such report for this actor.
    Conflict
        The report has moved on from `base_version`; `details["current"]` is the version now.
    KeptConflict
        The version's UUID came before with another body.
    """
    require(actor, "send_report")
    at = step(session, now)
    known = find_version(session, draft.id)
    if known is not None:
        return _again(session, known, draft, actor=actor, at=at)
    report = _get_visible(session, report_id, actor)
    if report.by != actor.person:
        require(actor, "amend_report")
    if report.version != base_version:
        raise Conflict("the report was amended meanwhile", current=report.version)
    version = report.version + 1
    features = complete_features(draft, actor=sender or actor, at=at, report_id=report_id, version=version)
    kept, dropped, added = compare_records(current_records(session, report_id, at), features)
    added = named_in_use(added, names)
    check_references(session, added, network)
    retracted_now = [row for row in dropped if signatures_to_retract(row.kind, row.properties) == 1]
    waiting = [row for row in dropped if row not in retracted_now]
    new = added + [_retraction(row, draft.id, actor, at) for row in retracted_now]
    change = add_change(session, "report", at=at, subject=("report", report_id), record_ids=[f["id"] for f in new])
    ensure_unit(session, draft.unit)
    _add_version(session, report, draft, actor=sender or actor, at=at, change=change, version=version)
    insert_records(session, new, _provenance(draft, change, report_id, version))
    record_ids = (*(row.id for row in kept), *(f["id"] for f in added))
    name_records(session, draft.id, record_ids)
    is_open = has_open_conflict(session, report_id)
    report.triage = "conflict" if is_open else _triage(features, draft, at)
    report.version, report.changed_at = version, at
    report.classification, report.area = draft.classification, draft.area
    pending = [_pend_retraction(session, row, draft, actor=actor, at=at, change=change) for row in waiting]
    details = {"version": version, "body_hash": draft.body_hash, "records": list(record_ids)}
    details |= {"retracted": [row.id for row in retracted_now], "waiting": pending}
    note(
        session,
        "amend_report",
        ("report", report_id),
        kind="report",
        actor=actor,
        at=at,
        details=details,
        change=change,
    )
    return LoggedReport(
        report_id=report_id,
        version=version,
        record_ids=record_ids,
        change=change,
        is_new=True,
        triage=report.triage,
        pending_ids=tuple(pending),
    )


def get_report(session: Session, report_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a report with its versions, records, what was said about them, conflicts and waiting acts.

    Raises
    ------
    NotFound
        No such report, or the actor may not see it: the answer is the same.
    """
    report = _get_visible(session, report_id, actor)
    if report.by != actor.person:
        require(actor, "read_reports")
    versions = list_versions(session, report_id)
    records = list_version_records(session, versions[-1].id)
    settlements = list_settlements(session, report_id)
    return _head(report) | {
        "versions": [_version_dict(version) for version in versions],
        "records": [feature_of(row) for row in records],
        "about": {row.id: _said_of(session, row, actor) for row in records},
        "pending": list_pending_of(session, [row.id for row in records], actor=actor),
        "evidence": list_evidence(session, report_id, actor=actor),
        "conflicts": [
            _conflict_dict(conflict, settlements.get(conflict.number))
            for conflict in list_conflicts(session, report_id)
            if may(actor, "read_reports") or conflict.by == actor.person
        ],
    }


def _conflict_dict(conflict: ReportConflict, settled: Audit | None) -> dict[str, Any]:
    """Return a body that came with the id of another, and what was decided on it."""
    decision = None
    if settled is not None:
        told = {name: settled.details.get(name) for name in ("outcome", "reason", "version")}
        decision = {**told, "by": settled.actor, "at": format_instant(settled.at)}
    return {
        "number": conflict.number, "version_id": conflict.version_id, "body": conflict.body, "by": conflict.by,
        "received": format_instant(conflict.received), "decision": decision,
    }  # fmt: skip


def body_of(session: Session, report_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return the newest version as it was sent, to make the next one from.

    Raises
    ------
    NotFound
        No such report for this actor.
    """
    report = _get_visible(session, report_id, actor)
    if report.by != actor.person:
        require(actor, "read_reports")
    return dict(list_versions(session, report_id)[-1].body)


def list_reports(
    session: Session, *, actor: Actor, triage: str | None = None, since: int | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return the heads that the actor may see, newest first; without the right to read others', only his own."""
    query = select(Report).order_by(Report.received.desc(), Report.id)
    if not may(actor, "read_reports"):
        query = query.where(Report.by == actor.person)
    if triage is not None:
        query = query.where(Report.triage == triage)
    if since is not None:
        query = query.where(Report.received >= since)
    heads: list[dict[str, Any]] = []
    for report in session.scalars(query):
        if visible(actor, report):
            heads.append(_head(report))
        if len(heads) == limit:
            break
    return heads


def _again(session: Session, known: ReportVersion, draft: ReportDraft, *, actor: Actor, at: int) -> LoggedReport:
    report = find_report(session, known.report_id)
    assert report is not None  # noqa: S101 - a foreign key holds it
    if known.body_hash == draft.body_hash:
        return LoggedReport(
            report_id=report.id,
            version=known.version,
            record_ids=tuple(row.id for row in list_version_records(session, known.id)),
            change=None,
            is_new=False,
            triage=report.triage,
        )
    if keep_conflict(session, known.id, draft.body_hash, draft.body, at=at, by=actor.person):
        report.triage = "conflict"
        details = {"version": known.version, "body_hash": draft.body_hash}
        note(session, "keep_conflict", ("report", report.id), kind="report", actor=actor, at=at, details=details)
    raise KeptConflict(
        f"report {known.id} came before with another body; both are kept for triage", report_id=report.id
    )


def _add_version(
    session: Session, report: Report, draft: ReportDraft, *, actor: Actor, at: int, change: int, version: int = 1
) -> None:
    session.add(
        ReportVersion(
            id=draft.id,
            report_id=report.id,
            version=version,
            body_hash=draft.body_hash,
            body=draft.body,
            words=draft.words,
            place_text=draft.place_text,
            time_text=draft.time_text,
            device_time=draft.device_time,
            device_offset_s=draft.device_offset_s,
            device_sequence=draft.device_sequence,
            received=at,
            by=actor.person,
            classification=draft.classification,
            unit_id=draft.unit or actor.unit,
            area=draft.area,
            change_number=change,
        )
    )
    session.flush()


def _get_visible(session: Session, report_id: str, actor: Actor) -> Report:
    report = find_report(session, report_id)
    if report is None or not visible(actor, report):
        raise NotFound("report", report_id)
    return report


def _said_of(session: Session, row: RecordRow, actor: Actor) -> list[dict[str, Any]]:
    return [feature_of(other) for other in list_about(session, row.id) if visible(actor, other)]


def current_records(session: Session, report_id: str, at: int) -> list[RecordRow]:
    newest = list_versions(session, report_id)[-1]
    absent = retracted_ids(session, known_at=at)
    return [row for row in list_version_records(session, newest.id) if row.id not in absent]


def compare_records(
    old: Sequence[RecordRow], features: Sequence[dict[str, Any]]
) -> tuple[list[RecordRow], list[RecordRow], list[dict[str, Any]]]:
    """Return (unchanged rows, rows to take back, features to add)."""
    waiting = {_essence(feature_of(row)): row for row in old}
    kept = [waiting.pop(key) for f in features if (key := _essence(f)) in waiting]
    kept_keys = {_essence(feature_of(row)) for row in kept}
    return kept, list(waiting.values()), [f for f in features if _essence(f) not in kept_keys]


def _essence(feature: Mapping[str, Any]) -> str:
    """Return what a record says, without when and by whom it was entered."""
    properties = {k: v for k, v in feature["properties"].items() if k not in ("received", "by", "meta")}
    return canonical_json([feature["geometry"], properties])


def _retraction(row: RecordRow, version_id: str, actor: Actor, at: int) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(uuid.uuid5(uuid.UUID(version_id), f"retraction of {row.id}")),
        "geometry": None,
        "properties": {
            "kind": "retraction",
            "received": format_instant(at),
            "by": actor.person,
            "target": row.id,
            "signed_by": [actor.person],
        },
    }


def _pend_retraction(
    session: Session, row: RecordRow, draft: ReportDraft, *, actor: Actor, at: int, change: int
) -> str:
    feature = _retraction(row, draft.id, actor, at)
    return pend(
        session, feature, action="retract", targets=[row], reason="report amended", actor=actor, at=at, change=change
    )


def _provenance(draft: ReportDraft, change: int, report_id: str, version: int) -> Provenance:
    return Provenance(
        change_number=change,
        classification=draft.classification,
        area=draft.area,
        report_id=report_id,
        report_version=version,
    )


def is_skewed(offset_s: float | None, device_time: int | None, received: int) -> bool:
    """Return whether a device's clock is known to be wrong: by what it said itself, or because it is ahead of receipt.

    Source: doctrine, section 9.6.
    """
    ahead = 0 if device_time is None else device_time - received
    return max(abs(offset_s or 0.0) * 1e6, ahead) > SKEW_US


def triage_of(features: Sequence[Mapping[str, Any]], *, is_placed: bool = False, is_skewed: bool = False) -> str:
    """Return no_place for a report that touches no road yet, done for passages that grade themselves, else new.

    `is_placed`: whether a report without records says where all the same. `is_skewed`: a passage told by a wrong clock
    may be older than it says, so a person looks at it.
    """
    properties = [f["properties"] for f in features]
    if not features:
        return "new" if is_placed else "no_place"
    if any(f["geometry"] is None and not _is_placed(f["properties"]) for f in features):
        return "no_place"
    is_own_track = all(
        p["kind"] == "verification" and p.get("authenticated") and p.get("track") == "gps" for p in properties
    )
    if is_own_track and not is_skewed:
        return "done"
    return "new"


def _triage(features: Sequence[Mapping[str, Any]], draft: ReportDraft, at: int) -> str:
    skewed = is_skewed(draft.device_offset_s, draft.device_time, at)
    return triage_of(features, is_placed=draft.is_placed, is_skewed=skewed)


def _is_placed(properties: Mapping[str, Any]) -> bool:
    return bool(properties.get("segments") or properties.get("asset") or (properties.get("location") or {}).get("mgrs"))


def _head(report: Report) -> dict[str, Any]:
    return {
        "id": report.id,
        "form": report.form,
        "version": report.version,
        "triage": report.triage,
        "classification": report.classification,
        "area": report.area,
        "unit": report.unit_id,
        "by": report.by,
        "received": format_instant(report.received),
        "changed_at": format_instant(report.changed_at),
    }


def _version_dict(version: ReportVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "version": version.version,
        "words": version.words,
        "place_text": version.place_text,
        "time_text": version.time_text,
        "received": format_instant(version.received),
        "device_time": None if version.device_time is None else format_instant(version.device_time),
        "device_offset_s": version.device_offset_s,
        "by": version.by,
        "classification": version.classification,
        "answers": version.body.get("answers", {}),
    }
