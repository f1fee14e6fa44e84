"""Two bodies under one id: a person decides whether the first stands or the other becomes the next version.

Until then the first counts and the other waits beside it. What is decided, by whom and why is a line of the audit; both
bodies are kept for good. Source: doctrine, sections 9.2 and 9.9.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require, visible
from fom.domain.facts_file import parse_record
from fom.errors import Conflict, InvalidInput, NotFound
from fom.network.network import Network
from fom.routing.router import Router
from fom.services.accounts import find_actor_by_email
from fom.services.drafts import ReportDraft, again, complete_features, parse_report
from fom.services.effects import Bench, Effect
from fom.services.form_records import with_records
from fom.services.former_networks import FormerNetworks
from fom.services.judging import finish_triage
from fom.services.picture_host import PictureHost
from fom.services.reporting import LoggedReport, amend_report, compare_records, current_records, triage_of
from fom.services.writing import note, step
from fom.store.records import feature_of, signatures_to_retract
from fom.store.reports import SETTLED, find_report, has_open_conflict, list_conflicts, list_settlements, list_versions
from fom.store.tables import Report, ReportConflict

OUTCOMES = ("keep_first", "promote")
"""The first stands; or the other becomes the next version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with a body, and why. `id` is the client's UUID of the version it would become."""

    number: int
    outcome: str
    reason: str
    id: str
    base_version: int
    """The version that was looked at."""


def settle_body(
    session: Session,
    report_id: str,
    decision: Decision,
    *,
    actor: Actor,
    now: int,
    network: Network,
    router: Router,
    names: FormerNetworks | None = None,
) -> LoggedReport | None:
    """Decide on a body; return the version that it became, None when the first stands.

    The version is its sender's: it counts as if he had amended his report. What it says counts at once; that explosive
    or physical records of the first end with it waits for a second person.

    Raises
    ------
    NotFound
        No such report or body for this actor.
    InvalidInput
        No reason, an outcome that is none; or the body holds what cannot be a version.
    Conflict
        Somebody decided on it or amended the report meanwhile; `details["decision"]` says who and what.
    """
    require(actor, "amend_report")
    at = step(session, now)
    report, body = _find(session, report_id, decision.number, actor)
    if decision.outcome not in OUTCOMES:
        raise InvalidInput.single("outcome", repr(decision.outcome)[:40], " or ".join(OUTCOMES))
    if not decision.reason.strip():
        raise InvalidInput.single("reason", "nothing", "why it is decided so")
    _check_open(session, report, decision)
    version = report.version + 1 if decision.outcome == "promote" else None
    details = {
        "body": body.number, "body_hash": body.body_hash, "came_as": body.version_id, "outcome": decision.outcome,
        "reason": decision.reason.strip(), "version": version,
    }  # fmt: skip
    note(session, SETTLED, ("report", report.id), kind="report", actor=actor, at=at, details=details)
    if version is None:
        _leave_triage(session, report, at)
        return None
    sender = sender_of(session, body)
    draft = _draft(session, body, decision.id, sender, network=network, router=router)
    return amend_report(
        session, report.id, draft, base_version=decision.base_version, sender=sender, actor=actor, now=now,
        network=network, names=names,
    )  # fmt: skip


def look_at_body(session: Session, host: PictureHost, report_id: str, number: int, *, actor: Actor) -> Effect:
    """Return what promoting a body would do to movement at once; `before` is as it stands.

    What it says is not judged yet; what the first says of explosive and physical facts counts on beside it until a
    second person confirms.

    Raises
    ------
    NotFound
        No such report or body for this actor.
    InvalidInput
        The body holds what cannot be a version.
    """
    require(actor, "read_reports")
    report, body = _find(session, report_id, number, actor)
    sender, now = sender_of(session, body), host.now()
    draft = _draft(session, body, _looked_at(body), sender, network=host.network, router=host.router)
    features = complete_features(draft, actor=sender, at=now, report_id=report.id, version=report.version + 1)
    _, dropped, added = compare_records(current_records(session, report.id, now), features)
    gone = [row for row in dropped if signatures_to_retract(row.kind, row.properties) == 1]
    return Bench(session, host, by=actor.person).instead(gone, [parse_record(feature) for feature in added])


def sender_of(session: Session, body: ReportConflict) -> Actor:
    """Return who sent a body; of an account that is gone somebody without rights, who speaks for no unit."""
    return find_actor_by_email(session, body.by) or Actor(user_id="", email=body.by)


def _find(session: Session, report_id: str, number: int, actor: Actor) -> tuple[Report, ReportConflict]:
    report = find_report(session, report_id)
    if report is None or not visible(actor, report):
        raise NotFound("report", report_id)
    body = next((c for c in list_conflicts(session, report_id) if c.number == number), None)
    if body is None:
        raise NotFound("body", str(number))
    return report, body


def _check_open(session: Session, report: Report, decision: Decision) -> None:
    settled = list_settlements(session, report.id).get(decision.number)
    if settled is not None:
        said = {name: settled.details.get(name) for name in ("outcome", "reason", "version")}
        raise Conflict(
            f"decided already by {settled.actor}: {settled.details['outcome'].replace('_', ' ')}", why="settled",
            decision={**said, "by": settled.actor},
        )  # fmt: skip
    if report.version != decision.base_version:
        raise Conflict("the report was amended meanwhile", why="amended", current=report.version)


def _leave_triage(session: Session, report: Report, at: int) -> None:
    """Let a report go back to where it would stand without the other body."""
    if has_open_conflict(session, report.id):
        return
    rows = current_records(session, report.id, at)
    answers = list_versions(session, report.id)[-1].body.get("answers") or {}
    is_placed = "lon" in (answers.get("place") or {}) or "subject" in answers
    report.triage, report.changed_at = triage_of([feature_of(row) for row in rows], is_placed=is_placed), at
    if rows:
        finish_triage(session, rows[0], at)


def _draft(
    session: Session,
    body: ReportConflict,
    version_id: str,
    sender: Actor,
    *,
    network: Network,
    router: Router,
) -> ReportDraft:
    """Return the draft of a body under another id."""
    draft = parse_report(again(body.body, id=version_id))
    return with_records(session, draft, actor=sender, network=network, router=router)


def _looked_at(body: ReportConflict) -> str:
    """Return an id under which a body is read without becoming anything."""
    return str(uuid.uuid5(uuid.UUID(body.version_id), f"body {body.number}"))
