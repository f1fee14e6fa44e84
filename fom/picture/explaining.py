"""Reasons in words: what, how far, how old, who says so, and what would change it.

Short, plain, with a subject; never "all clear", "safe" or "OK". Source: doctrine, section 3.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fom.domain.geodesy import shifted, unroll_geometry
from fom.domain.grades import Level
from fom.domain.instants import HOUR_US, format_instant
from fom.domain.phases import SEGMENT
from fom.domain.physical import compared, limit_rule
from fom.domain.places import shape_of, uncertainty_m
from fom.domain.positions import date_time_group
from fom.domain.records import (
    ClosingAct,
    Control,
    Explosive,
    Incident,
    Manual,
    Physical,
    Record,
    Recurring,
    Verification,
)
from fom.domain.states import Component, State
from fom.network.network import ASSET_LIMIT_NAMES, ASSET_TYPES
from fom.picture.contributions import Contributions
from fom.picture.reasons import Reason

_CLASSES = {
    "mine": "mine", "cluster": "cluster munition", "uxo": "unexploded ordnance", "axo": "abandoned ordnance",
    "booby_trap": "booby trap", "ied": "device", "stored_ammunition": "stored ammunition", "unknown_item": "item",
}  # fmt: skip
_LEVELS = {Level.CONFIRMED: "Confirmed", Level.SUSPECTED: "Suspected", Level.DOUBTFUL: "Doubtful report:"}
_HAZARDS = {"sha": "Suspected hazardous area", "cha": "Confirmed hazardous area"}
_DAMAGES = {
    "destroyed": "destroyed", "washed_out": "washed out", "blocked": "blocked", "flooded": "flooded",
    "damaged": "damaged",
    "limit": "limit reported",
}  # fmt: skip
_INCIDENTS = {
    "detonation": "detonation", "ied_found": "device found", "complex_ambush": "complex ambush",
    "fire_on_movement": "fire on movement", "hijack_abduction": "hijack or abduction", "armed_robbery": "armed robbery",
    "hostile_checkpoint": "hostile checkpoint", "demonstration": "demonstration", "crossfire": "crossfire",
    "unarmed_crime": "unarmed crime",
}  # fmt: skip
_STRENGTHS = {
    "route_search": "route search", "engineer_recce": "engineer recce", "own_patrol_traverse": "own patrol passage",
    "partner_convoy_traverse": "partner convoy passage",
}  # fmt: skip
_CLASS_WORDS = {
    "mission_military": "mission military", "mission_police": "mission police", "mission_civilian": "mission civilians",
    "humanitarian": "humanitarians", "medical": "medical movement", "civil_population": "civil population",
    "host_authority": "host authorities",
}  # fmt: skip
_EFFECTS = {"prohibited": "Movement prohibited", "permission": "Permission needed", "escort": "Escort needed"}


class Explainer:
    """Puts the reasons of one assessment into words."""

    def __init__(self, contributions: Contributions, at: int) -> None:
        self._whole, self._at = contributions, at
        self._case = contributions.case
        self._knowledge = contributions.case.knowledge

    def members(self, reason: Reason, row: int, turns_at: int | None) -> dict[str, Any]:
        """Return `text, as_of, received, age_h, grade, what_would_change_it` of a reason.

        `turns_at`: the moment at which the verification turns worse, microseconds, None = never.
        """
        latest = max(reason.records, key=lambda record: (record.eff, record.id), default=None)
        if reason.component == Component.VERIFICATION and reason.records:
            latest = min(reason.records, key=lambda record: (record.eff, record.id))
        is_graded = latest is not None and latest.kind in (
            "explosive",
            "physical",
            "control",
            "incident",
            "verification",
        )
        return {
            "text": self.text(reason, row, turns_at),
            "as_of": None if latest is None else format_instant(latest.eff),
            "received": None if latest is None or latest.received is None else format_instant(latest.received),
            "age_h": None if latest is None else round((self._at - latest.eff) / HOUR_US, 2),
            "grade": self._knowledge.deciding_grade(latest) if latest is not None and is_graded else None,
            "what_would_change_it": self._remedy(reason),
        }

    # what is said

    def text(self, reason: Reason, row: int, turns_at: int | None = None) -> str:
        """Return the reason as one plain sentence without a full stop."""
        record = reason.records[0] if reason.records else None
        if reason.component == Component.VERIFICATION:
            return self._verification(reason, turns_at)
        if reason.component == Component.RISK:
            return self._risk(reason)
        if isinstance(record, Explosive):
            return self._explosive(record, reason, row)
        if isinstance(record, Physical):
            return self._physical(record, reason)
        if isinstance(record, ClosingAct):
            return f"{self._subject(reason)} repaired: {_RULE_WORDS[reason.rule]}"
        if isinstance(record, Control):
            return self._control(record)
        if isinstance(record, Manual):
            by = "chief JOC" if record.role == "chief_joc" else "JOC duty officer"
            until = "" if record.expires is None else f", until {date_time_group(record.expires)}"
            verb = "Lifted to" if record.mode == "improve" else "Set"
            return f"{verb} {STATE_WORDS[record.state]} by {by}: {record.reason}{until}"
        return f"{self._subject(reason)}: {self._recorded(reason, row)}"

    def _recorded(self, reason: Reason, row: int) -> str:
        """Return what recorded limits say, with the numbers that were compared."""
        profile, words = self._case.profile, list[str]()
        for name, limit in self._recorded_limits(reason, row):
            if limit_rule(name, limit, profile, self._knowledge.policy) == reason.rule:
                size, most = compared(name, limit, profile)
                what, unit = _LIMIT_WORDS[name]
                words.append(f"{what} {size:g}, limit {most:g}{unit}")
                if reason.rule == "P4":
                    return f"its {what} limit is {most:g}{unit}, the {what} of the vehicle is not stated"
        return _RULE_WORDS[reason.rule] + (f" ({'; '.join(words)})" if words else "")

    def _recorded_limits(self, reason: Reason, row: int) -> Iterator[tuple[str, float]]:
        network, number = self._whole.network, int(self._whole.numbers(np.array([row]))[0])
        if reason.subject == SEGMENT:
            yield from network.limits_of(number).items()
            return
        for asset in network.assets_on(number).tolist():
            if network.asset_id(asset) == reason.subject:
                stated = zip(ASSET_LIMIT_NAMES, network.asset_limits[asset].tolist(), strict=True)
                yield from ((name, limit) for name, limit in stated if not np.isnan(limit))

    def _explosive(self, fact: Explosive, reason: Reason, row: int) -> str:
        if fact.hazard in _HAZARDS:
            what = _HAZARDS[fact.hazard]
        else:
            level = self._knowledge.level(fact, reason.confidence or 0.0)
            what = f"{_LEVELS[level]} {_CLASSES[fact.explosive_class]}"
        where = f"{what}, {self._offset(fact, row)}"
        return f"{where}: stay on the carriageway, no halt, no turning, no bypass" if reason.rule == "X3" else where

    def _offset(self, fact: Record, row: int) -> str:
        """Return the distance from the road and its uncertainty: `60 m off, ± 86 m`."""
        shape = shape_of(fact)
        if shape is None:
            return "place unknown"
        whole, segment = unroll_geometry(shape), self._whole.numbers(np.array([row])).astype(np.int64)
        ground = self._case.basis.binder.ground
        turn = 360.0 * round((float(ground.coords[ground.start[segment[0]], 0]) - whole.bounds[0]) / 360.0)
        distance = float(ground.shape_distances(shifted(whole, turn), segment)[0])
        uncertainty = uncertainty_m(fact.location, self._knowledge.policy)
        where = "on the road" if distance < 0.5 else f"{_metres(distance)} off"
        return f"{where}, ± {_metres(uncertainty)}"

    def _physical(self, fact: Physical, reason: Reason) -> str:
        level = self._knowledge.level(fact, reason.confidence or 0.0)
        sure = {Level.CONFIRMED: "", Level.SUSPECTED: ", not yet confirmed", Level.DOUBTFUL: ", doubtful"}[level]
        if reason.rule in ("P2", "P3", "P4"):
            return f"{self._subject(reason)}: {_RULE_WORDS[reason.rule]}{sure}"
        depth = f" {fact.depth_m:g} m deep" if fact.damage == "flooded" and fact.depth_m is not None else ""
        return f"{self._subject(reason)} {_DAMAGES[fact.damage]}{depth}{sure}"

    def _control(self, control: Control) -> str:
        if control.control == "order":
            until = " until lifted" if control.end is None else f" until {date_time_group(control.end)}"
            window = "" if control.recurring is None else f", daily {_window(control.recurring)}"
            return f"{_EFFECTS[control.effect or 'prohibited']}{window}{until}"
        if control.control == "denial":
            who = _CLASS_WORDS[control.user_class or "mission_military"].capitalize()
            return f"{who} denied {self._ago(control.eff)} ago"
        minutes = "" if control.delay_min is None else f", {control.delay_min:g} min"
        return f"{control.control.capitalize()} {self._ago(control.eff)} ago{minutes}"

    def _risk(self, reason: Reason) -> str:
        shown = [
            f"{_INCIDENTS[record.incident_type]} {self._ago(record.eff)} ago"
            for record in sorted(reason.records, key=lambda record: -record.eff)
            if isinstance(record, Incident)
        ]
        more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
        return f"Incidents within reach: {', '.join(shown[:3])}{more}"

    def _verification(self, reason: Reason, turns_at: int | None) -> str:
        passages = [record for record in reason.records if isinstance(record, Verification)]
        if not passages:
            return "Never verified by passage"
        oldest = min(passages, key=lambda record: (record.eff, record.id))
        latest = max(passages, key=lambda record: (record.eff, record.id))
        who = _STRENGTHS.get(latest.strength, latest.strength)
        by = f" by {latest.by}" if latest.by else ""
        track = "GPS track" if latest.track == "gps" else "route as stated"
        what = {State.GREEN: "Verified", State.AMBER: "Verification ageing", State.GREY: "Verification too old"}[
            reason.state
        ]
        turn = ""
        if turns_at is not None and reason.state != State.GREY:
            following = State.AMBER if reason.state == State.GREEN else State.GREY
            turn = f"; turns {STATE_WORDS[following]} at {date_time_group(turns_at)}"
        return f"{what}: {who}{by}, {track}, {self._ago(oldest.eff)} ago{turn}"

    def _ago(self, moment: int) -> str:
        hours = max(0.0, (self._at - moment) / HOUR_US)
        if hours < 1:
            return f"{hours * 60:.0f} min"
        return f"{hours:.0f} h" if hours < 96 else f"{hours / 24:.0f} d"

    def _subject(self, reason: Reason) -> str:
        """Return the name of what on the road a reason is about, or its kind where it has none."""
        network = self._whole.network
        asset = None if reason.subject in (None, SEGMENT) else network.find_asset(str(reason.subject))
        if asset is None:
            return "Road" if reason.subject in (None, SEGMENT) else str(reason.subject)
        kind = ASSET_TYPES[int(network.asset_type[asset])]
        return network.word(int(network.asset_name[asset])) or f"Unnamed {kind}"

    # what would change it

    def _remedy(self, reason: Reason) -> str:
        record = reason.records[0] if reason.records else None
        if reason.component == Component.VERIFICATION:
            return "A passage or search of the whole stretch by at least this class, with a GPS track"
        if isinstance(record, Explosive):
            acts = "destroyed" if record.hazard == "item" else "cleared, reduced or cancelled after survey"
            return f"A closing act by mine action or EOD, signed by two persons: {acts}"
        if reason.component == Component.RISK:
            return "Time: the weight of an incident halves with its half-life"
        if isinstance(record, Control):
            ends = {
                "order": "Lifting by the JOC",
                "denial": "An unimpeded passage of the class denied, or lifting by the JOC",
            }
            return ends.get(record.control, "Time: it counts for three days, or lifting by the JOC")
        if isinstance(record, Manual):
            return "Its expiry, or lifting by the JOC"
        if isinstance(record, Physical) and reason.rule in ("P1", "P5"):
            return "A repair record signed by two persons, or a verified crossing of at least this class that names it"
        if reason.rule == "P4" and reason.subject == SEGMENT and record is None:
            return "The load on the vehicle's heaviest axle, or a lighter vehicle"
        return "An engineer's record of the limit, or a lighter vehicle"


STATE_WORDS = {
    State.GREEN: "open", State.AMBER: "caution", State.GREY: "unknown", State.RED: "restricted", State.BLACK: "closed",
}  # fmt: skip
_LIMIT_WORDS = {
    "mlc": ("class", ""), "mass_t": ("mass", " t"), "axle_t": ("axle load", " t"), "width_m": ("width", " m"),
    "height_m": ("height", " m"), "depth_m": ("depth", " m"),
}  # fmt: skip
"""What is compared, and the unit of its limit."""
_RULE_WORDS = {
    "P2": "the vehicle exceeds its limit",
    "P3": "the vehicle is close to its limit",
    "P4": "its limit is not known",
}


def _metres(metres: float) -> str:
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"


def _window(window: Recurring) -> str:
    return f"{window.from_min // 60:02d}:{window.from_min % 60:02d}–{window.to_min // 60:02d}:{window.to_min % 60:02d}"
