"""Whether an air head serves, and which aircraft type: computed from what was seen there and what stands against it.

Never typed in. Seen: inspections and completed landings. Standing against it: a closing by hand until its end, and
explosive facts on its ground. Source: doctrine, section 7 (air head), 3.2 and 3.6; requirement 2.9.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fom.domain.grades import Level
from fom.domain.instants import DAY_US

FRESH_DRY_US, FRESH_WET_US = 14 * DAY_US, 3 * DAY_US
"""For how long an inspection or a completed landing speaks for an air head (J)."""
SEVERITY = ("serviceable", "restricted", "unknown", "unserviceable")
"""From best to worst: unknown is worse than restricted, because restricted still invites a landing."""
PAD_RADIUS_M = 100.0
"""Ground of an air head without a runway of known length. Project decision."""
GROUND_MARGIN_M = 100.0
"""Ground beside and beyond a runway: the near band of a road (doctrine, 3.2). Project decision."""
IMPRECISE_M = 250.0
"""A hazard that may lie elsewhere and is no better known than this counts one level less (doctrine, 3.2)."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One inspection of an air head, or one completed landing there."""

    at: int
    status: str | None
    """Status found; None for a landing."""
    aircraft_type: str | None = None
    """Of a landing."""


@dataclass(frozen=True, slots=True)
class Held:
    """What stands against an air head whatever was seen there: a closing by hand, or an explosive fact."""

    status: str
    """`restricted` or `unserviceable`."""
    why: str
    """`closed_by_hand` or `explosive`."""
    start: int
    end: int | None = None
    """None = until somebody ends it."""
    ref: str = ""
    """Id of the closing or of the fact."""
    words: str = ""
    """Reason of a closing."""


@dataclass(frozen=True, slots=True)
class Serviceability:
    """What is said of an air head, or of one aircraft type there: `status`, why, what decides, until when."""

    aircraft_type: str | None
    """None = the ground itself, whatever lands."""
    status: str
    why: str
    """not_approved, found_unserviceable, inspected, landed, too_old, never, closed_by_hand, explosive."""
    at: int | None = None
    """The inspection, landing, closing or fact that decides."""
    until: int | None = None
    """When it changes by itself."""
    ref: str = ""
    words: str = ""


def serviceability(
    aircraft_type: str | None, *, approved: Collection[str], looked: Sequence[Looked], held: Sequence[Held] = (),
    is_wet: bool, at: int,
) -> Serviceability:  # fmt: skip
    """Return whether an air head serves a type at a moment; with None as type, what is said of its ground.

    A type that aviation has not approved is not served. An inspection that found the air head unserviceable holds
    until a later one finds otherwise: a landing does not lift it, and time does not. Else the newest inspection, or
    completed landing of this type (of any approved type, for the ground), must be fresh enough for the season. The
    worst of that and of what stands against the air head counts.
    """
    if aircraft_type is not None and aircraft_type not in approved:
        return Serviceability(aircraft_type, "unknown", "not_approved")
    types = approved if aircraft_type is None else (aircraft_type,)
    seen = _seen(aircraft_type, types, [look for look in looked if look.at <= at], is_wet, at)
    standing = [one for one in held if one.start <= at and (one.end is None or at < one.end)]
    worst = max(standing, key=lambda one: (SEVERITY.index(one.status), one.end is None, one.end or 0), default=None)
    if worst is None or SEVERITY.index(worst.status) <= SEVERITY.index(seen.status):
        return seen
    return Serviceability(aircraft_type, worst.status, worst.why, worst.start, worst.end, worst.ref, worst.words)


def _seen(
    aircraft_type: str | None, types: Collection[str], past: Sequence[Looked], is_wet: bool, at: int
) -> Serviceability:
    inspected = max((look for look in past if look.status is not None), key=lambda look: look.at, default=None)
    if inspected is not None and inspected.status == "unserviceable":
        return Serviceability(aircraft_type, "unserviceable", "found_unserviceable", inspected.at)
    spoken = [
        look
        for look in past
        if look.status in ("serviceable", "restricted") or (look.status is None and look.aircraft_type in types)
    ]
    newest = max(spoken, key=lambda look: look.at, default=None)
    if newest is None:
        return Serviceability(aircraft_type, "unknown", "never")
    until = newest.at + (FRESH_WET_US if is_wet else FRESH_DRY_US)
    if at > until:
        return Serviceability(aircraft_type, "unknown", "too_old", newest.at)
    is_limited = inspected is not None and inspected.status == "restricted"
    status, why = "restricted" if is_limited else "serviceable", "landed" if newest.status is None else "inspected"
    return Serviceability(aircraft_type, status, why, newest.at, until)


def ground_radius_m(runways: Sequence[object]) -> float:
    """Return how far the ground of an air head reaches from its position: half its longest runway and a margin."""
    lengths = [float(runway["length_m"]) for runway in runways if isinstance(runway, dict) and runway.get("length_m")]
    return max([PAD_RADIUS_M, *(length / 2 + GROUND_MARGIN_M for length in lengths)])


def explosive_status(level: Level, distance_m: float, uncertainty_m: float, radius_m: float) -> str | None:
    """Return what an explosive fact makes of an air head, None when it cannot lie on its ground.

    It lies there when its nearest possible place does. Confirmed or suspected closes, doubtful restricts; one that
    may as well lie elsewhere and is known no better than 250 m restricts. A road would be RED under a suspected one,
    which takes a release; nobody releases a landing on it. Source: doctrine, section 3.2; project decision.
    """
    if distance_m - uncertainty_m > radius_m:
        return None
    is_imprecise = distance_m + uncertainty_m > radius_m and uncertainty_m > IMPRECISE_M
    return "restricted" if level == Level.DOUBTFUL or is_imprecise else "unserviceable"
