"""Changing the rules' parameters takes two persons: one makes and proposes a draft, another publishes it.

A draft is never changed: what was looked at is what is signed. Whoever wants other numbers makes another draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require
from fom.domain.complaints import Complaints, shown
from fom.domain.editions import Edition
from fom.domain.instants import format_instant
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.policy_catalogue import flatten, nest
from fom.domain.policy_rules import policy_faults
from fom.domain.profiles import Profile
from fom.errors import Conflict, FieldError, InvalidInput, NotFound, NotPermitted
from fom.services.drafts import check_uuid
from fom.services.policies import add_version, edition_in_force, find_edition, read_members
from fom.services.policy_history import differences
from fom.services.writing import note, step
from fom.store.tables import PolicyDraft, PolicyVersion

CHANGES_MAX = 400


@dataclass(frozen=True, slots=True)
class ParameterChange:
    """One parameter by its name in the catalogue, its new value as it came, and why."""

    parameter: str
    value: object
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """What somebody suggests: changes of the edition `base`, or an earlier edition as a whole (`copy_of`)."""

    id: str
    base: int
    reason: str
    changes: tuple[ParameterChange, ...] = ()
    copy_of: int | None = None


def make_policy_draft(session: Session, request: DraftRequest, *, actor: Actor, now: int) -> dict[str, Any]:
    """Store a draft and return it as `get_policy_draft` does; the same request again gives the first result.

    Raises
    ------
    InvalidInput
        Every unknown parameter, bad value, missing reason, and what does not fit together, at once.
    Conflict
        The edition it was made from is not in force any more (`details["current"]`), or the id came with another body.
    """
    require(actor, "manage_policy")
    errors: list[FieldError] = []
    draft_id = check_uuid(request.id, "id", errors)
    at = step(session, now)
    known = session.get(PolicyDraft, draft_id)
    base = edition_in_force(session, at)
    if known is None:
        _check_base(request.base, base)
    else:
        base = find_edition(session, known.base)
    if not request.reason.strip():
        errors.append(FieldError("reason", "nothing", "why the parameters change"))
    policy, profiles, reasons = _suggested(session, request, base, errors)
    if errors:
        raise InvalidInput(errors)
    members = {"policy": policy_members(policy), "profiles": profile_members(profiles)}
    reason = request.reason.strip()
    if known is not None:
        same = (known.policy, known.profiles, known.reason, known.reasons) == (*members.values(), reason, reasons)
        if not same or known.made_by != actor.person:
            raise Conflict(f"policy draft {draft_id} came before with another body")
        return _whole(session, known, actor)
    row = PolicyDraft(
        id=draft_id, base=base.number, **members, reason=reason, reasons=reasons, made_by=actor.person, made_at=at
    )
    session.add(row)
    _note(session, "draft_policy", row, actor, at, {"base": base.number, **members, "reason": reason})
    return _whole(session, row, actor)


def propose_policy_draft(
    session: Session, draft_id: str, *, seen: Mapping[str, Any], actor: Actor, now: int
) -> dict[str, Any]:
    """Sign a draft as the first person; `seen` are the figures of the preview looked at.

    Raises
    ------
    NotFound
        No such draft.
    Conflict
        Proposed or settled already, or another edition is in force by now (`details["current"]`).
    """
    require(actor, "manage_policy")
    at = step(session, now)
    row = _get_open(session, draft_id)
    if row.proposed_by is not None:
        raise Conflict(f"{row.proposed_by} proposed this draft already", proposed_by=row.proposed_by)
    _check_base(row.base, edition_in_force(session, at))
    row.proposed_by, row.proposed_at, row.seen = actor.person, at, dict(seen)
    _note(session, "propose_policy", row, actor, at, {"seen": dict(seen)})
    return _whole(session, row, actor)


def confirm_policy_draft(
    session: Session, draft_id: str, *, seen: Mapping[str, Any], actor: Actor, now: int
) -> dict[str, Any]:
    """Sign as the second person: the draft is published and judges what is known from now on.

    Raises
    ------
    NotFound
        No such draft.
    NotPermitted
        The same person, or one without the right to confirm.
    Conflict
        Not proposed yet, settled already, or another edition is in force by now (`details["current"]`).
    """
    require(actor, "confirm_policy")
    at = step(session, now)
    row = _get_open(session, draft_id)
    if row.proposed_by is None:
        raise Conflict("nobody has proposed this draft yet")
    if row.proposed_by == actor.person:
        raise NotPermitted("two_persons: somebody else must confirm what you proposed")
    _check_base(row.base, edition_in_force(session, at))
    version = PolicyVersion(
        policy=row.policy, profiles=row.profiles, reason=row.reason, reasons=row.reasons, at=at, by=actor.person,
        holds_from=at, base=row.base, proposed_by=row.proposed_by, draft_id=row.id,
        seen={"proposed": row.seen, "confirmed": dict(seen)},
    )  # fmt: skip
    change = add_version(session, version, actor=actor)
    row.settled_by, row.settled_at, row.outcome, row.number = actor.person, at, "published", version.number
    session.flush()
    return {"number": version.number, "change": change}


def withdraw_policy_draft(session: Session, draft_id: str, *, reason: str, actor: Actor, now: int) -> None:
    """Let a draft fall: by anybody who may make or confirm one. Conflict when it is settled already."""
    _require_reader(actor)
    at = step(session, now)
    row = _get_open(session, draft_id)
    row.settled_by, row.settled_at, row.outcome = actor.person, at, "withdrawn"
    _note(session, "withdraw_policy", row, actor, at, {"reason": reason})


def list_policy_drafts(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return the drafts that are not settled, oldest first."""
    _require_reader(actor)
    query = select(PolicyDraft).where(PolicyDraft.settled_at.is_(None)).order_by(PolicyDraft.made_at, PolicyDraft.id)
    return [_whole(session, row, actor) for row in session.scalars(query)]


def get_policy_draft(session: Session, draft_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a draft with its `changes` against the edition it was made from; NotFound when there is none."""
    _require_reader(actor)
    return _whole(session, _get(session, draft_id), actor)


def drafted_edition(session: Session, draft_id: str, *, actor: Actor) -> Edition:
    """Return the edition that a draft would become; its number is that of its base."""
    _require_reader(actor)
    row = _get(session, draft_id)
    policy, profiles = read_members(row.policy, row.profiles)
    return Edition(row.base, row.made_at, policy, profiles)


def _require_reader(actor: Actor) -> None:
    if not may(actor, "confirm_policy"):
        require(actor, "manage_policy")


def _suggested(
    session: Session, request: DraftRequest, base: Edition, errors: list[FieldError]
) -> tuple[Policy, Mapping[str, Profile], dict[str, str]]:
    """Return the policy, profiles and reasons of a request; whatever is wrong goes to `errors`."""
    before = flatten(base.policy, base.profiles)
    if request.copy_of is not None:
        if request.changes:
            errors.append(FieldError("changes", f"{len(request.changes)} beside copy_of", "one of both"))
        earlier = find_edition(session, request.copy_of)
        policy, profiles = earlier.policy, earlier.profiles
        asked = dict.fromkeys(flatten(policy, profiles), request.reason.strip())
    else:
        asked = _asked(request.changes, errors)
        policy, profiles = _with_changes(before, request.changes, errors)
    after = flatten(policy, profiles)
    moved = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    reasons = {name: asked.get(name, "") or request.reason.strip() for name in moved}
    if request.copy_of is None:
        errors += [FieldError(f"{name}.reason", "nothing", "why it changes") for name in moved if not asked.get(name)]
    if not moved and not errors:
        errors.append(FieldError("changes", "nothing differs", "at least one parameter with another value"))
    if not any(error.field in after for error in errors):
        errors += policy_faults(policy, profiles)
    return policy, profiles, reasons


def _asked(changes: Sequence[ParameterChange], errors: list[FieldError]) -> dict[str, str]:
    """Return parameter -> reason; a parameter named twice goes to `errors`."""
    found: dict[str, str] = {}
    for change in changes:
        if change.parameter in found:
            errors.append(FieldError(change.parameter, "twice", "one change of a parameter"))
        found[change.parameter] = change.reason.strip()
    return found


def _with_changes(
    before: Mapping[str, Any], changes: Sequence[ParameterChange], errors: list[FieldError]
) -> tuple[Policy, Mapping[str, Profile]]:
    complaints = Complaints()
    values = dict(before)
    for change in changes:
        name = change.parameter
        if name not in before and not (name.startswith("profiles.") and name.count(".") > 1):
            complaints.add(None, name, change.value, "no such parameter")
        else:
            values[name] = change.value
    policy, profiles = nest(values)
    read = read_policy(policy, complaints), read_profiles(profiles, complaints)
    errors += [
        FieldError(error.field.removeprefix("policy."), error.came, error.expected) for error in complaints.errors
    ]
    return read


def _check_base(asked: int, base: Edition) -> None:
    if asked != base.number:
        raise Conflict(
            f"made from policy {asked}, but {base.number} is in force: look at what changed and make a draft from it",
            current=base.number,
        )


def _get(session: Session, draft_id: str) -> PolicyDraft:
    row = session.get(PolicyDraft, draft_id, populate_existing=True)
    if row is None:
        raise NotFound("policy draft", shown(draft_id))
    return row


def _get_open(session: Session, draft_id: str) -> PolicyDraft:
    row = _get(session, draft_id)
    if row.settled_at is not None:
        raise Conflict(f"this draft was {row.outcome} already", outcome=row.outcome, number=row.number)
    return row


def _note(session: Session, action: str, row: PolicyDraft, actor: Actor, at: int, details: Mapping[str, Any]) -> None:
    note(session, action, ("policy_draft", row.id), kind="pending", actor=actor, at=at, details=details)


def _whole(session: Session, row: PolicyDraft, actor: Actor) -> dict[str, Any]:
    base = find_edition(session, row.base)
    drafted = Edition(row.base, row.made_at, *read_members(row.policy, row.profiles))
    is_open = row.settled_at is None
    return {
        "id": row.id,
        "base": row.base,
        "reason": row.reason,
        "changes": differences(base, drafted, row.reasons),
        "status": row.outcome or ("draft" if row.proposed_by is None else "waiting"),
        "made_by": row.made_by,
        "made_at": format_instant(row.made_at),
        "proposed_by": row.proposed_by,
        "proposed_at": None if row.proposed_at is None else format_instant(row.proposed_at),
        "seen": row.seen,
        "settled_by": row.settled_by,
        "settled_at": None if row.settled_at is None else format_instant(row.settled_at),
        "number": row.number,
        "may_propose": is_open and row.proposed_by is None and may(actor, "manage_policy"),
        "may_confirm": is_open and row.proposed_by not in (None, actor.person) and may(actor, "confirm_policy"),
    }
