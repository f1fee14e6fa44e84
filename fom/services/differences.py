"""What differs between two pictures: two moments, two hypotheses, two vehicles, or any mixture of them.

Segments, key routes, people who lose or regain a hub, air heads out of reach or back in it, and what made it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Access, Actor, Guarded, require
from fom.domain.states import NO_STATE, VIABLE, State
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.roads import Roads
from fom.services.air_heads import stand
from fom.services.difference_reasons import Worst, reason_groups, worst_of
from fom.services.followed import worst_along
from fom.services.hub_ways import HubWays
from fom.services.joining import join_roads
from fom.services.judged_roads import delays_of, topology_of
from fom.services.map_layers import deciding_cause, first_reason
from fom.services.picture_events import letter, moves_between
from fom.services.picture_host import PictureHost
from fom.services.playing import arcs_of
from fom.services.registers import list_register

Row = Mapping[str, Any]
MISSION_PLACES = ("headquarters", "base", "tob", "hub")
"""An air head is in reach when one of these can be driven to within four hours over viable roads. Project decision."""


@dataclass(frozen=True)
class Side:
    """One of the two pictures: a question, and the picture that answers it, None = the record's own."""

    host: PictureHost
    question: Question
    picture: Picture | None = None
    own: frozenset[str] = frozenset()
    """Ids of hypothetical records."""

    @cached_property
    def states(self) -> NDArray[np.uint8]:
        """Return (n, 2) states."""
        if self.picture is None:
            return self.host.states_at(self.question)
        return self.picture.assess_ahead(self.question).states

    @cached_property
    def roads(self) -> Roads:
        """Return the viable roads and the time that each takes."""
        picture = self.picture or self.host.picture_for(self.question)
        delay_min = delays_of(picture, self.question)
        return Roads.of(topology_of(self.host.router), self.states, delay_min, self.question.profile)

    def assess(self, segments: Sequence[int] | NDArray[np.int64]) -> Assessment:
        """Return the assessment of some segments, with reasons."""
        numbers = np.asarray(segments, np.int64)
        if self.picture is None:
            return self.host.assess(self.question, numbers.tolist())
        return self.picture.assess(self.question, numbers)

    def members(self) -> dict[str, Any]:
        """Return the question as an answer repeats it."""
        return {**self.question.members(), "hypothetical": self.picture is not None}


class Viewing:
    """The host as one viewer of hypothetical records sees it: they are his own."""

    def __init__(self, host: PictureHost, own: frozenset[str], actor: Actor) -> None:
        self._host, self._own, self._actor = host, own, actor
        self.network = host.network

    def access_of(self, thing_id: str) -> Guarded:
        """Return on what it depends who may see a thing."""
        if thing_id in self._own:
            return Access("unclassified", by=self._actor.person)
        return self._host.access_of(thing_id)


def find_difference(session: Session, host: PictureHost, before: Side, after: Side, *, actor: Actor) -> dict[str, Any]:
    """Return what differs: `moves, by_state_m, groups, routes, people, air_heads`, as the viewer may know it."""
    require(actor, "read_picture")
    network, viewing = host.network, Viewing(host, before.own | after.own, actor)
    sides = (before, after)
    old, new = before.states, after.states
    worst = worst_of(old), worst_of(new)
    return {
        "network": network.network_id,
        "version": host.version,
        "before": before.members(),
        "after": after.members(),
        "moves": moves_between(old, new),
        "by_state_m": {name: _by_state_m(network, w) for name, w in zip(("before", "after"), worst, strict=True)},
        "changed_m": _changed_m(network, *worst),
        "groups": reason_groups(network, sides, worst, viewing, actor=actor),
        "routes": _routes(session, network, sides, viewing, actor),
        **_reach(session, network, sides, viewing, actor),
    }


def _by_state_m(network: Network, worst: Worst) -> dict[str, float]:
    """Return metres of road by the worse of a segment's directions."""
    metres = np.bincount(worst, weights=network.length_m, minlength=len(State))
    return {state.name: round(float(metres[state]), 1) for state in State}


def _changed_m(network: Network, old: Worst, new: Worst) -> list[dict[str, Any]]:
    """Return segments and metres for each pair of states before and after that differ, the longest first."""
    moved = np.flatnonzero(old != new)
    pair = old[moved].astype(np.int64) * len(State) + new[moved]
    count = np.bincount(pair, minlength=len(State) ** 2)
    metres = np.bincount(pair, weights=np.asarray(network.length_m)[moved], minlength=len(State) ** 2)
    return [
        {"before": letter(i // len(State)), "after": letter(i % len(State)), "segments": int(count[i]),
         "length_m": round(float(metres[i]), 1)}
        for i in np.argsort(-metres, kind="stable").tolist()
        if count[i]
    ]  # fmt: skip


def _routes(
    session: Session, network: Network, sides: tuple[Side, Side], viewing: Viewing, actor: Actor
) -> list[dict[str, Any]]:
    """Return the key routes whose worst state differs, by code, each with its cause on either side."""
    changed = []
    for row in list_register(session, "key_route", actor=actor):
        arcs = arcs_of(network, row["segments"] or ())
        if not len(arcs):
            continue
        old, new = (worst_along(side.states, arcs) for side in sides)
        if old == new:
            continue
        numbers = np.unique(arcs >> 1)
        causes = [deciding_cause(viewing, side.assess(numbers), row, actor=actor) for side in sides]
        told = {"id": row["id"], "code": row["code"], "name": row["name"], "before": letter(old), "after": letter(new)}
        told |= {"cause": causes[int(new > old)], "before_cause": causes[0], "after_cause": causes[1]}
        changed.append(told)
    return changed


def _reach(
    session: Session, network: Network, sides: tuple[Side, Side], viewing: Viewing, actor: Actor
) -> dict[str, Any]:
    sites = list_register(session, "site", actor=actor)
    settlements = {row["id"]: row for row in sites if row["kind"] in ("settlement", "camp")}
    hubs = list(join_roads(network, (row for row in sites if row["kind"] == "hub")).values())
    joined = join_roads(network, settlements.values())
    found = [HubWays.of(side.roads, joined, hubs) for side in sides]
    tell = _Blocker(network, sides, viewing, actor)
    old, new = (reached.ids for reached in found)
    people = {
        "hubs": len(hubs),
        "reaching_before": _population(settlements, old),
        "reaching_after": _population(settlements, new),
        "cut_off": [_named(settlements[i], tell.why(found[0], i, 1)) for i in sorted(old - new)],
        "regained": [_named(settlements[i], tell.why(found[1], i, 0)) for i in sorted(new - old)],
    }
    places = list(join_roads(network, (row for row in sites if row["kind"] in MISSION_PLACES)).values())
    return {"people": people, "air_heads": _air_heads(session, network, sides, places, tell, actor)}


def _air_heads(
    session: Session, network: Network, sides: tuple[Side, Side], places: Sequence[Any], tell: _Blocker, actor: Actor
) -> dict[str, Any]:
    """Return the air heads that fall out of reach or come back into it: by road, or by their own status."""
    rows = [{row["id"]: row for row in _standing(session, side, actor)} for side in sides]
    found = [
        HubWays.of(side.roads, join_roads(network, table.values()), places)
        for side, table in zip(sides, rows, strict=True)
    ]
    usable = [
        {i for i in reached.ids if table[i]["status"] != "unserviceable"}
        for reached, table in zip(found, rows, strict=True)
    ]

    def listed(ids: set[str], way_on: int) -> list[dict[str, Any]]:
        return [_air_head(i, rows, tell.why(found[way_on], i, 1 - way_on)) for i in sorted(ids)]

    return {
        "before": len(usable[0]),
        "after": len(usable[1]),
        "lost": listed(usable[0] - usable[1], 0),
        "gained": listed(usable[1] - usable[0], 1),
    }


def _standing(session: Session, side: Side, actor: Actor) -> list[dict[str, Any]]:
    known_at = side.question.known_at
    rows = list_register(session, "air_head", actor=actor, known_at=known_at)
    picture = side.picture or side.host.picture_for(side.question)
    return stand(session, rows, picture.survey(known_at), at=side.question.at, known_at=known_at)


def _air_head(row_id: str, rows: Sequence[Mapping[str, Row]], reason: str | None) -> dict[str, Any]:
    old, new = (table.get(row_id) for table in rows)
    row = new or old or {}
    status = [None if side is None else side["status"] for side in (old, new)]
    if reason is None and status[0] != status[1]:
        reason = f"status {status[0] or 'not known'}, then {status[1] or 'not known'}"
    return {
        "id": row_id, "code": row["code"], "name": row["name"], "status_before": status[0], "status_after": status[1],
        "reason": reason,
    }  # fmt: skip


class _Blocker:
    """Tells what stands on a way that is there on one side and not on the other."""

    def __init__(self, network: Network, sides: tuple[Side, Side], viewing: Viewing, actor: Actor) -> None:
        self._network, self._sides, self._viewing, self._actor = network, sides, viewing, actor

    def why(self, reached: HubWays, place_id: str, blocked_on: int) -> str | None:
        """Return the worst reason of the first stretch of the way that is viable on the other side only."""
        side = self._sides[blocked_on]
        along = reached.way(place_id)
        was, now = (
            np.isin(s.states[along], (*VIABLE, NO_STATE)).all(axis=1) for s in (self._sides[1 - blocked_on], side)
        )
        stopped = along[was & ~now]
        if not len(stopped):
            return None
        assessment = side.assess(stopped[:1])
        row = assessment.states[0]
        direction = int(np.argmax(np.where(row == NO_STATE, 0, row)))
        return first_reason(self._viewing, assessment, 0, direction, actor=self._actor)


def _population(settlements: Mapping[str, Row], ids: set[str]) -> int:
    return sum(settlements[row_id]["population"] or 0 for row_id in ids)


def _named(row: Row, reason: str | None) -> dict[str, Any]:
    return {"id": row["id"], "name": row["name"], "population": row["population"], "reason": reason}
