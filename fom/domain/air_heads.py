"""Whether an air head serves an aircraft type: computed from inspections and landings, never typed in.

Source: doctrine, section 7 (air head); requirement 2.9.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fom.domain.instants import DAY_US

FRESH_DRY_US, FRESH_WET_US = 14 * DAY_US, 3 * DAY_US
"""For how long an inspection or a completed landing speaks for an air head (J)."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One inspection of an air head, or one completed landing there."""

    at: int
    status: str | None
    """Status found; None for a landing."""
    aircraft_type: str | None = None
    """Of a landing."""


@dataclass(frozen=True, slots=True)
class Serviceability:
    """What is said of one aircraft type: `status` serviceable, restricted, unserviceable, unknown; why; until when."""

    aircraft_type: str
    status: str
    why: str
    """approved codes: not_approved, found_unserviceable, inspected, landed, too_old, never."""
    at: int | None = None
    """The inspection or landing that decides."""
    until: int | None = None
    """When it becomes unknown by itself."""


def serviceability(
    aircraft_type: str, *, approved: Collection[str], looked: Sequence[Looked], is_wet: bool, at: int
) -> Serviceability:
    """Return whether an air head serves a type at a moment.

    A type that aviation has not approved is not served. An inspection that found the air head unserviceable holds
    until a later one finds otherwise: a landing does not lift it, and time does not. Else the newest inspection, or
    completed landing of this type, must be fresh enough for the season.
    """
    if aircraft_type not in approved:
        return Serviceability(aircraft_type, "unknown", "not_approved")
    past = [look for look in looked if look.at <= at]
    inspected = max((look for look in past if look.status is not None), key=lambda look: look.at, default=None)
    if inspected is not None and inspected.status == "unserviceable":
        return Serviceability(aircraft_type, "unserviceable", "found_unserviceable", inspected.at)
    spoken = [
        look
        for look in past
        if look.status in ("serviceable", "restricted") or (look.status is None and look.aircraft_type == aircraft_type)
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
