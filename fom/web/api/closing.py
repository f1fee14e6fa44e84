"""What opens roads again: verifications, closing acts, and the second signature on acts that need two persons."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import jsonify
from pydantic import BaseModel, Field

from fom.services import closing, verifying
from fom.web.access import allows, current_actor
from fom.web.api import BODY, CONFLICT, MISSING, family
from fom.web.api.record_shapes import ClosingActRecord, VerificationRecord
from fom.web.api.shapes import Body, Classification, Logged, Outcome, Text, Uuid
from fom.web.edge import edge, reading, writing

api = family("closing", "Passages, closing acts and second signatures")


CLOSERS = ("close_explosive", "close_physical", "close_control", "improve")
CONFIRMERS = (*CLOSERS, "retract", "grade")


class Verification(Body):
    """A passage or search: the track or the segments, the times, what passed."""

    id: Uuid = Field(description="UUID chosen by the client; sending it again is harmless")
    record: VerificationRecord
    classification: Classification = "confidential"


class ClosingAct(Body):
    """A signed statement that ends the facts it names."""

    id: Uuid
    record: ClosingActRecord


class PendingPath(BaseModel):
    """Which waiting act."""

    pending_id: Uuid


class Withdrawal(Body):
    """Why the act is withdrawn."""

    reason: Text = Field(min_length=1)


class Pending(BaseModel):
    """An act that waits for its second person."""

    id: str
    kind: str
    what: Any
    why: str = Field(description="Why one person is not enough: many_segments, or closes_, retracts_, lowers_ a kind")
    second: str = Field(description="What the second person must be permitted, in words")
    said: dict[str, Any] = Field(description="Of a closing act: when, by whom, reference, method, depth, traffic class")
    area: dict[str, Any] | None = Field(description="The area that a closing act releases, as GeoJSON")
    targets: list[str]
    proposed_by: str
    proposed_at: Any
    may_confirm: bool


class PendingList(BaseModel):
    """All acts that wait, as far as the account may see them."""

    pending: list[Pending]


@api.post("/verifications", responses={"200": Logged, "201": Logged, **CONFLICT, **BODY})
@allows("send_report")
def post_verification(body: Verification) -> Any:
    """Record a passage or search; the server decides whether the account speaks for its unit."""
    with writing() as (session, now):
        logged = verifying.record_verification(
            session,
            body.record.root,
            id=body.id,
            actor=current_actor(),
            now=now,
            network=edge().host.network,
            names=edge().host.names,
            classification=body.classification,
        )
    return jsonify(asdict(logged)), 201 if logged.is_new else 200


@api.post("/closing-acts", responses={"200": Outcome, "202": Outcome, **MISSING, **CONFLICT, **BODY})
@allows(*CLOSERS)
def post_closing_act(body: ClosingAct) -> Any:
    """Sign a closing act: 202 while it waits for a second person, 200 when it counts at once.

    Which role may sign depends on the act's authority and on what it closes; the service refuses the rest with 403.
    """
    with writing() as (session, now):
        outcome = closing.log_closing_act(session, body.record.root, id=body.id, actor=current_actor(), now=now)
    return jsonify(asdict(outcome)), 202 if outcome.pending_id else 200


@api.get("/pending", responses={"200": PendingList})
@allows(*CONFIRMERS)
def list_pending() -> Any:
    """List the acts that wait for a second person."""
    with reading() as session:
        return jsonify(pending=closing.list_pending(session, actor=current_actor()))


@api.post("/pending/<pending_id>/confirm", responses={"200": Outcome, **MISSING, **CONFLICT})
@allows(*CONFIRMERS)
def confirm(path: PendingPath) -> Any:
    """Sign as the second person; never the one who signed first, and only with the right to the act itself."""
    with writing() as (session, now):
        outcome = closing.confirm_pending(session, path.pending_id, actor=current_actor(), now=now)
    return jsonify(asdict(outcome))


@api.post("/pending/<pending_id>/withdraw", responses={"204": None, **MISSING, **CONFLICT, **BODY})
@allows(*CONFIRMERS)
def withdraw(path: PendingPath, body: Withdrawal) -> Any:
    """Withdraw an act that still waits."""
    with writing() as (session, now):
        closing.withdraw_pending(session, path.pending_id, reason=body.reason, actor=current_actor(), now=now)
    return "", 204
