"""What if: hypothetical records come and records go on a copy of the picture; nothing is stored.

Answers what moves, which key routes change, who is cut off from every hub or regains one, and how a plan changes.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Access, Actor, Guarded, require
from fom.domain.facts_file import parse_record
from fom.domain.instants import format_instant
from fom.domain.records import Record
from fom.domain.states import DIRECTION_CODES, NO_STATE, State
from fom.errors import FieldError, InvalidInput
from fom.network.network import Network
from fom.picture.question import Question
from fom.routing.answer import plan_answer
from fom.routing.posture import travel_seconds
from fom.routing.request import make_request
from fom.services.disclosure import disclose_reason
from fom.services.drafts import REPORTED_KINDS, checked
from fom.services.judging import get_visible_record
from fom.services.picture_events import letter, moves_between
from fom.services.picture_host import PictureHost
from fom.services.planning_desk import plan_then
from fom.services.reach import join_roads, reaching
from fom.services.record_checks import check_references
from fom.services.registers import list_register

RECORDS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """`add`: features of the facts format that would come; `remove`: ids of records that would go."""

    add: tuple[Mapping[str, Any], ...] = ()
    remove: tuple[str, ...] = ()


def what_if(
    session: Session,
    host: PictureHost,
    change: WhatIf,
    question: Question,
    *,
    way: Mapping[str, Any] | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Return what would differ: `moves`, `by_state_m`, `routes`, `people`, and `plan` before and after.

    Parameters
    ----------
    way
        `origin, destination, via, posture, alternates` of a plan to compare, as `plan_way` takes them.

    Raises
    ------
    InvalidInput
        No change at all, too many records, or a feature that the facts format refuses.
    NotFound
        A record to remove is not there, or the actor may not see it.
    """
    require(actor, "read_picture")
    if not 1 <= len(change.add) + len(change.remove) <= RECORDS_MAX:
        raise InvalidInput.single("add", f"{len(change.add) + len(change.remove)} changes", f"1 to {RECORDS_MAX}")
    added = _hypothetical(session, host.network, change.add, question, actor)
    with host.reading() as picture:
        before_picture, version = picture.copy(), host.version
    after_picture = before_picture.copy()
    after_picture.remove([get_visible_record(session, record_id, actor).id for record_id in change.remove])
    after_picture.apply(added)
    before, after = (p.assess(question).states for p in (before_picture, after_picture))
    answer = {
        **question.members(),
        "network": host.network.network_id,
        "version": version,
        "moves": moves_between(before, after),
        "by_state_m": {"before": _by_state_m(host.network, before), "after": _by_state_m(host.network, after)},
        "routes": _routes(session, host.network, before, after, actor),
        "people": _people(session, host.network, question, before, after, actor),
        "plan": None,
    }
    if way is not None:
        request = make_request(
            **way,
            profile=question.profile.name,
            profiles=host.profiles,
            user_class=question.user_class,
            at=question.at,
            known_at=question.known_at,
        )
        known = _Hypothetical(host, frozenset(record.id for record in added), actor)
        show = lambda reason: disclose_reason(reason, actor=actor, host=known)  # noqa: E731
        pictures = {"before": before_picture, "after": after_picture}
        answer["plan"] = {
            name: plan_answer(plan_then(host.router, picture, request), show=show) for name, picture in pictures.items()
        }
    return answer


@dataclass(frozen=True)
class _Hypothetical:
    """Who may see what: of hypothetical records, whoever asks."""

    host: PictureHost
    own: frozenset[str]
    actor: Actor

    def access_of(self, thing_id: str) -> Guarded:
        return Access("unclassified", by=self.actor.person) if thing_id in self.own else self.host.access_of(thing_id)


def _hypothetical(
    session: Session, network: Network, features: Sequence[Mapping[str, Any]], question: Question, actor: Actor
) -> list[Record]:
    """Return the records that would come, received in time to count for the question."""
    received = format_instant(min(question.at, question.known_at))
    errors: list[FieldError] = []
    whole = []
    for index, feature in enumerate(features):
        said = feature.get("properties")
        kind = said.get("kind") if isinstance(said, Mapping) else None
        if not isinstance(said, Mapping) or kind not in REPORTED_KINDS:
            expected = "one of " + ", ".join(REPORTED_KINDS)
            errors.append(FieldError(f"add[{index}].properties.kind", repr(kind)[:40], expected))
            continue
        properties = {"occurred": received, **said, "received": received, "by": actor.person}
        one = {
            "type": "Feature",
            "id": str(uuid.uuid4()),
            "geometry": feature.get("geometry"),
            "properties": properties,
        }
        whole += checked([one], f"add[{index}].", errors)
    if errors:
        raise InvalidInput(errors)
    check_references(session, whole, network)
    return [parse_record(feature) for feature in whole]


def _by_state_m(network: Network, states: NDArray[np.uint8]) -> dict[str, float]:
    """Return metres of road by the worse of a segment's directions."""
    worst = np.where(states == NO_STATE, 0, states).max(axis=1)
    metres = np.bincount(worst, weights=network.length_m, minlength=len(State))
    return {state.name: round(float(metres[state]), 1) for state in State}


def _routes(
    session: Session, network: Network, before: NDArray[np.uint8], after: NDArray[np.uint8], actor: Actor
) -> list[dict[str, Any]]:
    """Return the key routes whose worst state differs, by code."""
    changed = []
    for row in list_register(session, "key_route", actor=actor):
        found = ((network.find_segment(s["id"]), s.get("direction") or "forward") for s in row["segments"] or ())
        arcs = np.array([2 * n + DIRECTION_CODES.index(way) for n, way in found if n is not None], np.int64)
        if not len(arcs):
            continue
        old, new = (letter(int(states.reshape(-1)[arcs].max())) for states in (before, after))
        if old != new:
            changed.append({"id": row["id"], "code": row["code"], "name": row["name"], "before": old, "after": new})
    return changed


def _people(
    session: Session,
    network: Network,
    question: Question,
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    actor: Actor,
) -> dict[str, Any]:
    """Return how many people reach a hub in time before and after, and the settlements that lose or gain it."""
    sites = list_register(session, "site", actor=actor)
    settlements = {row["id"]: row for row in sites if row["kind"] in ("settlement", "camp")}
    joined = join_roads(network, settlements.values())
    hubs = list(join_roads(network, (row for row in sites if row["kind"] == "hub")).values())
    seconds = travel_seconds(network, question.profile)
    old, new = (reaching(network, states, seconds, joined, hubs) for states in (before, after))
    return {
        "hubs": len(hubs),
        "reaching_before": _population(settlements, old),
        "reaching_after": _population(settlements, new),
        "cut_off": [_named(settlements[i]) for i in sorted(old - new)],
        "regained": [_named(settlements[i]) for i in sorted(new - old)],
    }


def _population(settlements: Mapping[str, Mapping[str, Any]], ids: set[str]) -> int:
    return sum(settlements[row_id]["population"] or 0 for row_id in ids)


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "population": row["population"]}
