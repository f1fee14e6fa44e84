"""Versions of what the rules take as given: the policy with its profiles, and the road network in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.complaints import Complaints
from fom.domain.overrides import policy_members, profile_members, read_policy, read_profiles
from fom.domain.policy import Policy
from fom.domain.profiles import PROFILES, Profile
from fom.errors import InvalidInput
from fom.services.writing import note, step
from fom.store.tables import NetworkVersion, PolicyVersion


def policy_in_force(session: Session) -> tuple[Policy, Mapping[str, Profile]]:
    """Return the newest policy and profiles, the defaults when none was published."""
    row = session.scalar(select(PolicyVersion).order_by(PolicyVersion.number.desc()).limit(1))
    if row is None:
        return Policy(), dict(PROFILES)
    return _read(row.policy, row.profiles)


def change_policy(
    session: Session, policy: Mapping[str, Any], profiles: Mapping[str, Any], *, reason: str, actor: Actor, now: int
) -> int:
    """Publish other parameters (members that differ from the defaults, as in a facts file); return the change.

    Raises
    ------
    InvalidInput
        Every unknown or bad member.
    """
    require(actor, "manage_policy")
    if not reason.strip():
        raise InvalidInput.single("reason", "nothing", "why the parameters change")
    read = _read(dict(policy), dict(profiles))
    return publish_policy(session, *read, reason=reason, actor=actor, at=step(session, now))


def publish_policy(
    session: Session, policy: Policy, profiles: Mapping[str, Profile], *, reason: str, actor: Actor, at: int
) -> int:
    """Write the next version and return its change; the right to do so was checked by the caller."""
    row = PolicyVersion(
        policy=policy_members(policy), profiles=profile_members(profiles), reason=reason, at=at, by=actor.person
    )
    session.add(row)
    session.flush()
    details = {"policy": row.policy, "profiles": row.profiles, "reason": reason}
    subject = ("policy", str(row.number))
    return note(session, "publish_policy", subject, kind="policy", actor=actor, at=at, details=details)


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


def _read(policy: object, profiles: object) -> tuple[Policy, dict[str, Profile]]:
    complaints = Complaints()
    read = read_policy(policy, complaints), read_profiles(profiles, complaints)
    complaints.raise_if_any()
    return read
