"""Versions of what the rules take as given: the policy with its profiles, and the road network in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.complaints import Complaints
from fom.domain.editions import Edition
from fom.domain.instants import NEVER_US
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.profiles import Profile
from fom.errors import NotFound
from fom.services.writing import note, step
from fom.store.tables import Change, NetworkVersion, PolicyVersion


def list_editions(session: Session) -> tuple[Edition, ...]:
    """Return every edition in the order of numbers, the defaults (0) first."""
    rows = session.scalars(select(PolicyVersion).order_by(PolicyVersion.number))
    return (Edition(), *(edition_of(row) for row in rows))


def find_edition(session: Session, number: int) -> Edition:
    """Return an edition by its number, 0 = the defaults; NotFound when there is none."""
    if number == 0:
        return Edition()
    row = session.get(PolicyVersion, number)
    if row is None:
        raise NotFound("policy", str(number))
    return edition_of(row)


def edition_in_force(session: Session, known_at: int) -> Edition:
    """Return the edition by which what was known at a moment, microseconds, is judged."""
    row = session.scalar(
        select(PolicyVersion)
        .where(func.coalesce(PolicyVersion.holds_from, NEVER_US) <= known_at)
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    )
    return Edition() if row is None else edition_of(row)


def edition_at_change(session: Session, number: int) -> Edition:
    """Return the edition in force at a change number."""
    published = select(Change.subject_id).where(Change.kind == "policy", Change.number <= number)
    newest = session.scalar(published.order_by(Change.number.desc()).limit(1))
    return find_edition(session, 0 if newest is None else int(newest))


def edition_of(row: PolicyVersion) -> Edition:
    """Return the edition that a row holds."""
    holds_from = NEVER_US if row.holds_from is None else row.holds_from
    return Edition(row.number, holds_from, *read_members(row.policy, row.profiles))


def read_members(policy: object, profiles: object) -> tuple[Policy, dict[str, Profile]]:
    """Return the policy and profiles of members that differ from the defaults; InvalidInput with every bad one."""
    complaints = Complaints()
    read = read_policy(policy, complaints), read_profiles(profiles, complaints)
    complaints.raise_if_any()
    return read


def publish_first(
    session: Session, policy: Policy, profiles: Mapping[str, Profile], *, reason: str, actor: Actor, at: int
) -> int:
    """Write the version that comes with a loaded history and return its change: it holds from the beginning.

    The right to load was checked by the caller. Every later version takes two persons (`policy_drafts`).
    """
    row = PolicyVersion(
        policy=policy_members(policy),
        profiles=profile_members(profiles),
        reason=reason,
        reasons={},
        at=at,
        by=actor.person,
        base=0,
    )
    return add_version(session, row, actor=actor)


def add_version(session: Session, row: PolicyVersion, *, actor: Actor) -> int:
    """Store a version with its audit line and return the change at whose number states move to it."""
    session.add(row)
    session.flush()
    details: dict[str, Any] = {"policy": row.policy, "profiles": row.profiles, "reason": row.reason}
    if row.proposed_by is not None:
        details |= {"proposed_by": row.proposed_by, "draft": row.draft_id, "reasons": row.reasons}
    subject = ("policy", str(row.number))
    return note(session, "publish_policy", subject, kind="policy", actor=actor, at=row.at, details=details)


def activate_network(
    session: Session,
    network_id: str,
    manifest: Mapping[str, Any],
    *,
    actor: Actor,
    now: int,
    reason: str | None = None,
) -> int | None:
    """Make a built network the one in use; return the change, None when it is in use already.

    Whether it may be is asked before: `activating.bring_into_use`.
    """
    require(actor, "manage_networks")
    at = step(session, now)
    if active_network(session) == network_id:
        return None
    session.execute(update(NetworkVersion).where(NetworkVersion.is_active).values(is_active=False))
    session.add(
        NetworkVersion(
            network_id=network_id,
            manifest=dict(manifest),
            activated_at=at,
            activated_by=actor.person,
            is_active=True,
        )
    )
    details = {} if reason is None else {"reason": reason}
    subject = ("network", network_id)
    return note(session, "activate_network", subject, kind="network", actor=actor, at=at, details=details)


def active_network(session: Session) -> str | None:
    """Return the id of the network in use, None before the first."""
    return session.scalar(select(NetworkVersion.network_id).where(NetworkVersion.is_active))
