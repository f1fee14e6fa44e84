"""Reach: everything within so many minutes of a place under the states of a moment, as areas, roads and places.

Verified road is GREEN and AMBER. What GREY roads would add is a separate answer and never mixed into it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.states import NO_STATE, VIABLE, State
from fom.errors import InvalidInput
from fom.network.network import Network
from fom.routing.outline import Lines, outlines_of
from fom.routing.roads import AT_JUNCTION_M, NEVER
from fom.routing.snapping import Snap, lines_between
from fom.routing.spreading import Covered, Reach
from fom.services.joining import join_road, join_roads
from fom.services.judged_roads import JudgedRoads, judge_roads
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

FORMAT = "fom-reach/1"
BANDS_MAX = 6
MINUTES_MAX = 12 * 60
DEFAULT_MINUTES = (15, 30, 60, 120)
MINUTE_MS = 60_000
PEOPLED = ("settlement", "camp")
"""Kinds of sites whose population counts."""
LISTED = (*PEOPLED, "hub", "headquarters", "base", "tob")
PLACE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRequest:
    """From where, within which minutes, with what, for whom, when; times None = now."""

    place: tuple[float, float]
    minutes: tuple[int, ...] = DEFAULT_MINUTES
    profile: str = "P3"
    user_class: str = "mission_military"
    at: int | None = None
    known_at: int | None = None
    allow_unverified: bool = False

    def __post_init__(self) -> None:
        """Raise InvalidInput for bands that are none, too many, or out of range."""
        asked = tuple(sorted(set(self.minutes)))
        if not 1 <= len(asked) <= BANDS_MAX or not 1 <= asked[0] <= asked[-1] <= MINUTES_MAX:
            expected = f"1 to {BANDS_MAX} whole numbers of minutes, each 1 to {MINUTES_MAX}"
            raise InvalidInput.single("minutes", ", ".join(map(str, self.minutes))[:60], expected)
        object.__setattr__(self, "minutes", asked)


def find_reach(
    session: Session, host: PictureHost, request: ReachRequest, *, actor: Actor,
    note: Callable[[NDArray[np.int64]], None] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the GeoJSON answer `fom-reach/1` of docs/analyses.md: bands and places as features, smallest band first.

    `note` is told the numbers of the segments that the bands cover.

    Raises
    ------
    InvalidInput
        An unknown profile or user class.
    NotPermitted
        The actor may not see the picture.
    """
    require(actor, "read_picture")
    judged = judge_roads(
        host, at=request.at, known_at=request.known_at, profile=request.profile, user_class=request.user_class
    )
    snap = join_road(host.network, *request.place)
    rows = list_places(session, actor=actor, known_at=request.known_at)
    joined = {} if snap is None else join_roads(host.network, rows)
    found = [] if snap is None else [_Found.of(host, judged, request, snap, joined, is_verified=True)]
    if snap is not None and request.allow_unverified:
        found.append(_Found.of(host, judged, request, snap, joined, is_verified=False))
    if note is not None and found:
        widest = request.minutes[-1] * MINUTE_MS
        note(np.unique(np.concatenate([one.reach.covered(widest).segment for one in found])))
    places = _places(rows, found)
    return {
        "type": "FeatureCollection",
        "format": FORMAT,
        **judged.question.members(),
        "network": host.network.network_id,
        "version": host.version,
        "minutes": list(request.minutes),
        "start": _start(host.network, judged, request.place, snap),
        "features": [
            *(band for one in found for band in one.bands(host.network, judged, request, places)),
            *places,
        ],
    }


def list_places(session: Session, *, actor: Actor, known_at: int | None) -> list[dict[str, Any]]:
    """Return the sites and air heads that the actor may see, each with `register` and `kind`."""
    sites = [
        {**row, "register": "site"}
        for row in list_register(session, "site", actor=actor, known_at=known_at)
        if row["kind"] in LISTED and row.get("is_active") is not False
    ]
    air_heads = list_register(session, "air_head", actor=actor, known_at=known_at)
    return [*sites, *({**row, "register": "air_head", "population": None} for row in air_heads)]


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """One search, over verified roads only or with unverified ones."""

    reach: Reach
    is_verified: bool
    ms: Mapping[str, int]
    """Id of a place -> milliseconds, for those that are reached."""

    @classmethod
    def of(
        cls, host: PictureHost, judged: JudgedRoads, request: ReachRequest, snap: Snap, joined: Mapping[str, Snap],
        *, is_verified: bool,
    ) -> _Found:  # fmt: skip
        roads = judged.roads(host.router, with_grey=not is_verified)
        reach = Reach.of(roads, snap, request.minutes[-1] * MINUTE_MS)
        arrivals = reach.arrivals(list(joined.values())).tolist()
        return cls(reach, is_verified, {i: ms for i, ms in zip(joined, arrivals, strict=True) if ms < NEVER})

    def bands(
        self, network: Network, judged: JudgedRoads, request: ReachRequest, places: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Return a feature for each band, smallest first."""
        member = "minutes" if self.is_verified else "minutes_with_unverified"
        covered = [self.reach.covered(minutes * MINUTE_MS) for minutes in request.minutes]
        outlines = outlines_of([_lines(network, part) for part in covered], around=self.reach.start.lonlat)
        bands = []
        for minutes, part, outline in zip(request.minutes, covered, outlines, strict=True):
            inside = [p["properties"] for p in places if _is_within(p["properties"][member], minutes)]
            properties = {
                "kind": "band",
                "minutes": minutes,
                "is_verified": self.is_verified,
                "by_state_m": _by_state_m(network, judged.states, part),
                "people": sum(p["population"] or 0 for p in inside if p["place_kind"] in PEOPLED),
                "places": len(inside),
                "margin_m": math.ceil(outline.margin_m),
            }
            shape = shapely.geometry.mapping(outline.shape)
            bands.append({"type": "Feature", "geometry": shape, "properties": properties})
        return bands


def _lines(network: Network, part: Covered) -> Lines:
    coords, coord_start = np.asarray(network.coords), np.asarray(network.coord_start)
    return Lines(*lines_between(coords, coord_start, part.segment, part.start, part.end))


def _is_within(minutes: float | None, limit: int) -> bool:
    return minutes is not None and minutes <= limit


def _by_state_m(network: Network, states: NDArray[np.uint8], covered: Covered) -> dict[str, float]:
    """Return metres of reached road by the worse of a segment's directions that may be driven."""
    both = states[covered.segment]
    worst = np.where((both == NO_STATE) | (both > State.GREY), 0, both).max(axis=1)
    metres = (covered.end - covered.start) * np.asarray(network.length_m)[covered.segment]
    total = np.bincount(worst, weights=metres, minlength=len(State))
    return {state.name: round(float(total[state]), 1) for state in (*VIABLE, State.GREY)}


def _places(rows: Sequence[Mapping[str, Any]], found: Sequence[_Found]) -> list[dict[str, Any]]:
    """Return the places reached as features, soonest first; those that need unverified road last."""
    verified = found[0].ms if found else {}
    unverified = found[1].ms if len(found) > 1 else {}
    reached = [row for row in rows if row["id"] in verified or row["id"] in unverified]
    reached.sort(
        key=lambda row: (verified.get(row["id"], NEVER), unverified.get(row["id"], NEVER), row["name"], row["id"])
    )
    return [_place(row, verified.get(row["id"]), unverified.get(row["id"])) for row in reached]


def _place(row: Mapping[str, Any], verified_ms: int | None, unverified_ms: int | None) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": row["id"],
        "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        "properties": {
            "kind": "place",
            "register": row["register"],
            "place_kind": row["kind"],
            "name": row["name"],
            "code": row.get("code"),
            "population": row["population"],
            "minutes": _minutes(verified_ms),
            "minutes_with_unverified": _minutes(unverified_ms),
        },
    }


def _minutes(ms: int | None) -> float | None:
    """Return minutes to the hundredth, rounded up: nobody is said to be nearer than he is."""
    return None if ms is None else -(-ms * 100 // MINUTE_MS) / 100


def _start(network: Network, judged: JudgedRoads, place: tuple[float, float], snap: Snap | None) -> dict[str, Any]:
    said: dict[str, Any] = {"asked": _lonlat(place), "on_road": None, "snap_m": None, "segment_id": None, "state": None}
    if snap is None:
        return said | {"is_blocked": True}
    both = judged.states[snap.segment]
    state = State(int(both[both != NO_STATE].min()))
    end_m = min(snap.fraction, 1.0 - snap.fraction) * float(network.length_m[snap.segment])
    return {
        "asked": _lonlat(place),
        "on_road": _lonlat(snap.lonlat),
        "snap_m": round(snap.distance_m, 1),
        "segment_id": network.segment_id(snap.segment),
        "state": state.name,
        "is_blocked": state not in VIABLE and end_m > AT_JUNCTION_M,
    }


def _lonlat(place: tuple[float, float]) -> list[float]:
    return [round(place[0], PLACE_DIGITS), round(place[1], PLACE_DIGITS)]
