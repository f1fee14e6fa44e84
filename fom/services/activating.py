"""A network comes into use: announced, made ready by every process, reviewed, activated at one change, taken back.

The gate is the review (`network_review`): nothing is activated while an item is open. Going back to the network that
was in use before passes the same gate, but for an emergency: then the chief JOC may make it as it was, and only what
was reported since can keep him from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.instants import HOUR_US, format_instant
from fom.errors import Conflict, InvalidInput, NotFound
from fom.network.artefact import read_manifest
from fom.network.lineage import MEMBER, ancestors_of
from fom.network.shelf import find_folder, list_networks
from fom.services.key_routes import renew_record, stretches_along
from fom.services.network_review import (
    Item,
    Review,
    lines_of,
    make_review,
    open_items,
    placed_facts,
    signatures,
    told,
    told_items,
)
from fom.services.picture_host import PictureHost
from fom.services.placing_facts import write_placed
from fom.services.policies import activate_network, active_network
from fom.services.registers import vars_of, write_row
from fom.services.writing import note, step
from fom.store.changes import CANDIDATE, list_activations, list_changes, newest_candidate, newest_number
from fom.store.records import find_records, has_records
from fom.store.tables import KeyRoute, NetworkVersion

EMERGENCY_US = 72 * HOUR_US
"""How long after an activation it may be taken back without a review (J)."""
KEPT_REVIEW_US = HOUR_US // 4
"""How long a review is shown again while nothing but time moves (J)."""


class Hosts(Protocol):
    """What the review needs of the hosts of a process (`NetworkSwitch`)."""

    @property
    def current(self) -> PictureHost: ...
    def ready(self, network_id: str) -> PictureHost:
        """Return the host of a network that was made ready. Raises Conflict while it is not."""

    def follow(self) -> int: ...
    @property
    def reviews(self) -> dict[str, Review]: ...


# what there is


def list_versions(session: Session, shelf: Path, *, actor: Actor) -> dict[str, Any]:
    """Return the networks of the data folder with what is known of each, and when which was in use."""
    require(actor, "see_networks")
    active, candidate = active_network(session), newest_candidate(session)
    history = [
        {"network_id": v.network_id, "activated_at": format_instant(v.activated_at), "activated_by": v.activated_by}
        for v in session.scalars(select(NetworkVersion).order_by(NetworkVersion.number.desc()))
    ]
    networks = []
    for shelved in list_networks(shelf):
        manifest = shelved.manifest
        follows = ancestors_of(manifest)
        networks.append(
            {
                "network_id": shelved.network_id, "name": manifest.get("name"), "problem": shelved.problem or None,
                "built_at": manifest.get("built_at"), "segments": (manifest.get("counts") or {}).get("segments"),
                "km": (manifest.get("counts") or {}).get("km"), "follows": follows[0] if follows else None,
                "is_active": shelved.network_id == active, "is_candidate": shelved.network_id == candidate,
            }
        )  # fmt: skip
    return {"active": active, "candidate": candidate, "networks": networks, "history": history}


def announce_network(session: Session, shelf: Path, network_id: str, *, actor: Actor, now: int) -> int | None:
    """Have every process make a network ready beside the one in use; return the change, None when it is announced.

    Raises
    ------
    NotFound
        No such network in the data folder.
    Conflict
        It is in use.
    """
    require(actor, "manage_networks")
    at = step(session, now)
    find_network(shelf, network_id)
    if active_network(session) == network_id:
        raise Conflict(f"network {network_id} is in use")
    if newest_candidate(session) == network_id:
        return None
    return note(session, "announce_network", (CANDIDATE, network_id), kind="network", actor=actor, at=at)


def find_network(shelf: Path, network_id: str) -> dict[str, Any]:
    """Return the manifest of a network of the data folder, by its id. Raises NotFound."""
    return read_manifest(_folder(shelf, network_id))


def _folder(shelf: Path, network_id: str) -> Path:
    folder = find_folder(shelf, network_id)
    if read_manifest(folder)["network_id"] != network_id:
        raise NotFound("network", network_id)
    return folder


# the review


def current_review(session: Session, hosts: Hosts, network_id: str) -> Review:
    """Return the review of a network as of now; what was worked out is kept while nothing but time moves.

    Raises
    ------
    Conflict
        The network is not ready in this process yet, or is in use.
    """
    hosts.follow()
    old, new = hosts.current, hosts.ready(network_id)
    kept = hosts.reviews.get(network_id)
    is_young = (
        kept is not None and 0 <= old.now() - kept.at <= KEPT_REVIEW_US and kept.base_id == old.network.network_id
    )
    if kept is not None and is_young and _only_time_since(session, kept.version):
        return kept
    made = hosts.reviews[network_id] = make_review(session, old, new)
    return made


def work_out_review(session: Session, hosts: Hosts, network_id: str) -> None:
    """Have the review at hand before a transaction that needs it opens: others may write meanwhile."""
    if active_network(session) not in (None, network_id):
        current_review(session, hosts, network_id)


def _only_time_since(session: Session, version: int) -> bool:
    return all(
        change.kind == "time" or change.subject_kind == "network_review"
        for change in list_changes(session, after=version)
    )


def show_review(session: Session, hosts: Hosts, shelf: Path, network_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return the report of a re-import and its items with their signatures, as the viewer may see them."""
    require(actor, "see_networks")
    manifest = read_manifest(_folder(shelf, network_id))
    review = current_review(session, hosts, network_id)
    items = told_items(session, review, hosts.current, actor=actor)
    kinds = ("fact", "key_route", "improvement")
    return {
        "network_id": network_id,
        "base_id": review.base_id,
        "version": review.version,
        "at": format_instant(review.at),
        "follows_base": review.base_id in ancestors_of(manifest) or _is_followed_by(shelf, review.base_id, network_id),
        "report": (manifest.get(MEMBER) or {}).get("report"),
        "open": {kind: sum(i["kind"] == kind and not i["is_settled"] for i in items) for kind in kinds},
        "settled": {kind: sum(i["kind"] == kind and i["is_settled"] for i in items) for kind in kinds},
        "items": items,
    }


def _is_followed_by(shelf: Path, base_id: str, network_id: str) -> bool:
    try:
        return network_id in ancestors_of(read_manifest(_folder(shelf, base_id)))
    except NotFound:
        return False


def item_lines(session: Session, hosts: Hosts, network_id: str) -> dict[str, Any]:
    """Return item -> the lines of its roads on both networks, for the map beside the review."""
    review = current_review(session, hosts, network_id)
    return dict(lines_of(review, hosts.current.network, hosts.ready(network_id).network))


# coming into use


def bring_into_use(
    session: Session,
    hosts: Hosts,
    shelf: Path,
    network_id: str,
    *,
    actor: Actor,
    now: int,
    emergency: str | None = None,
) -> int | None:
    """Make a reviewed network the one in use at this change; return it, None when it is in use already.

    Parameters
    ----------
    emergency
        Why the network that was in use before must come back at once: chief JOC only, within three days.

    Raises
    ------
    Conflict
        An item is open: `details["unresolved"]` lists them. Or the network is not ready in this process.
    """
    require(actor, "manage_networks")
    at = step(session, now)
    if active_network(session) == network_id:
        return None
    manifest = read_manifest(_folder(shelf, network_id))
    review = current_review(session, hosts, network_id)
    if review.version != newest_number(session) and not _only_time_since(session, review.version):
        raise Conflict("changes are still being read; ask again in a moment")
    unresolved = open_items(session, review)
    if emergency is not None:
        unresolved = _kept_from_going_back(session, unresolved, network_id, actor=actor, at=at, reason=emergency)
    if unresolved:
        signed = signatures(session, review)
        listed = [told(item, signed.get(item.item, [])) for item in unresolved[:200]]
        raise Conflict(f"{len(unresolved)} items of the review are open", unresolved=listed, count=len(unresolved))
    change = activate_network(session, network_id, manifest, actor=actor, now=now, reason=emergency)
    if change is not None:
        _move_key_routes(session, hosts, review, actor=actor, at=at, change=change)
        write_placed(session, hosts.current, placed_facts(session, review), actor=actor, at=at, change=change)
    return change


def bring_first_into_use(
    session: Session, network_id: str, manifest: Mapping[str, Any], *, actor: Actor, now: int
) -> bool:
    """Activate a network where no record can be touched by it; return False where the review is needed."""
    if active_network(session) not in (None, network_id) and has_records(session):
        return False
    activate_network(session, network_id, manifest, actor=actor, now=now)
    return True


def _kept_from_going_back(
    session: Session, items: list[Item], network_id: str, *, actor: Actor, at: int, reason: str
) -> list[Item]:
    """Return the items that stand against going back in an emergency: facts that came since the activation."""
    require(actor, "improve")
    if len(reason.strip()) < 10:
        raise InvalidInput.single("emergency", reason[:40], "why, in at least 10 letters")
    activations = list_activations(session)
    if len(activations) < 2 or activations[-2][1] != network_id:
        raise Conflict("only the network that was in use just before can come back without a review")
    since, _ = activations[-1]
    newest = session.scalar(select(NetworkVersion).where(NetworkVersion.is_active))
    if newest is None or at - newest.activated_at > EMERGENCY_US:
        raise Conflict("more than three days ago: the network before comes back by review only")
    came_since = {r.id for r in find_records(session, {i.subject for i in items}) if r.change_number >= since}
    return [item for item in items if item.kind == "fact" and item.subject in came_since]


def _move_key_routes(session: Session, hosts: Hosts, review: Review, *, actor: Actor, at: int, change: int) -> None:
    """Write the key routes as they run on the new network, as one with the activation."""
    new, signed = hosts.ready(review.network_id), signatures(session, review)
    rerouted = {
        item.subject
        for item in review.items
        if item.kind == "key_route" and any(s.choice == "reroute" for s in signed.get(item.item, [])[-1:])
    }
    for row in session.scalars(select(KeyRoute).order_by(KeyRoute.code)).all():
        before = row.segments or []
        if row.id in rerouted:
            after = stretches_along(new.network, new.router, row.via)
        else:
            after = new.names.carrier.stretches(before, review.base_id)
        if not _is_same_course(before, after):
            write_row(session, "key_route", vars_of("key_route", row) | {"segments": after}, row, by=row.by, at=at)
            renew_record(session, row, actor=actor, at=at, change=change)


def _is_same_course(before: list[Any], after: list[Any]) -> bool:
    def plain(rows: list[Any]) -> list[tuple[Any, ...]]:
        return [(r["id"], r.get("from_m") or 0.0, r.get("to_m"), r.get("direction") or "forward") for r in rows]

    return plain(before) == plain(after)
