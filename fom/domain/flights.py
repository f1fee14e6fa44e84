"""Whether an air head can be used by one flight at one moment: status, aircraft type, night, season, clearance.

Pure: the row of the register in, a state and its reasons out. States mean what they mean on a road.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fom.domain.air_heads import Serviceability
from fom.domain.states import State

STATE_OF = {
    "serviceable": State.GREEN, "restricted": State.AMBER, "unserviceable": State.BLACK, "unknown": State.GREY,
}  # fmt: skip
WHY = {
    "found_unserviceable": "found unserviceable at its last inspection", "inspected": "inspected",
    "landed": "a landing of this type was completed", "too_old": "its last inspection is too old for the season",
    "never": "never inspected", "closed_by_hand": "closed by hand", "explosive": "an explosive hazard may lie there",
}  # fmt: skip
Reason = tuple[State, str]


def judge_end(
    head: Mapping[str, Any],
    *,
    aircraft_type: str | None,
    service: Serviceability | None,
    is_day: bool,
    is_wet: bool,
    is_cleared: bool,
) -> list[Reason]:
    """Return what speaks for or against using an air head, worst first; never empty.

    Parameters
    ----------
    head
        Row of the register `air_head`.
    service
        What is said of the aircraft type there (`air_heads.serviceability`); None = aviation never approved it there.
    is_day
        Whether the sun is up there then.
    is_cleared
        Whether every clearance asked for the flight was given.

    Source: doctrine, section 7 (air head); what a missing member means is a project judgement.
    """
    reasons = [_status(head, aircraft_type, service), _runway(head)]
    reasons.append(_light(head, is_day=is_day))
    reasons += _season(head, is_wet=is_wet)
    reasons.append(_clearance(head, is_cleared=is_cleared))
    if head.get("security_state"):
        reasons.append((State.GREEN, f"security: {head['security_state']}"))
    else:
        reasons.append((State.AMBER, "security not recorded"))
    return sorted(reasons, key=lambda reason: -reason[0])


def _status(head: Mapping[str, Any], aircraft_type: str | None, service: Serviceability | None) -> Reason:
    own = STATE_OF[head["status"]]
    if aircraft_type is None:
        return max(own, State.GREY), f"{head['status']}; aircraft type not stated, so nobody can say"
    if service is None or service.why == "not_approved":
        return max(own, State.RED), f"{aircraft_type} is not approved here: ask aviation"
    return max(own, STATE_OF[service.status]), f"{service.status} for {aircraft_type}: {WHY[service.why]}"


def _runway(head: Mapping[str, Any]) -> Reason:
    if head["kind"] == "hls":
        return State.GREEN, "helicopter site"
    longest = max(head.get("runways") or [], key=lambda runway: runway.get("length_m") or 0.0, default=None)
    if longest is None or not longest.get("length_m"):
        return State.GREY, "runway length not recorded"
    width = f" × {longest['width_m']:g}" if longest.get("width_m") else ""
    return State.GREEN, f"runway {longest['length_m']:g}{width} m {longest.get('surface') or 'surface not recorded'}"


def _light(head: Mapping[str, Any], *, is_day: bool) -> Reason:
    if is_day:
        return State.GREEN, "by day"
    if head.get("is_night") is None:
        return State.GREY, "dark then; night use not recorded"
    return (State.GREEN, "dark then; equipped for night") if head["is_night"] else (State.BLACK, "dark then; day only")


def _season(head: Mapping[str, Any], *, is_wet: bool) -> list[Reason]:
    if not is_wet:
        return []
    states = {"yes": State.GREEN, "with_difficulty": State.AMBER, "no": State.BLACK}
    use = head.get("wet_use") or "unknown"
    words = {"yes": "usable in the wet", "with_difficulty": "with difficulty in the wet", "no": "not usable in the wet"}
    return [(states.get(use, State.GREY), words.get(use, "use in the wet not recorded"))]


def _clearance(head: Mapping[str, Any], *, is_cleared: bool) -> Reason:
    if head.get("landing_clearance") == "each_flight" and is_cleared:
        return State.GREEN, "landing clearance given"
    return {
        "not_needed": (State.GREEN, "no landing clearance needed"),
        "standing": (State.GREEN, "standing landing clearance"),
        "each_flight": (State.RED, "landing clearance is needed for each flight and not given yet"),
        "refused": (State.BLACK, "landing clearance refused"),
    }.get(
        head.get("landing_clearance") or "unknown",
        (State.AMBER, "whether it needs a landing clearance is not recorded"),
    )
