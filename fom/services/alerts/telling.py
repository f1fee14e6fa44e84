"""What an alert says of states that moved: where, from what to what, and why, as far as its reader may know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.access import CLASSIFICATIONS, Actor
from fom.domain.alerts import OUTSIDE_CLEARANCE
from fom.domain.states import NO_STATE, State
from fom.maps.style import word_of
from fom.picture.assessment import Assessment
from fom.services.alerts.watching import RouteWatch
from fom.services.disclosure import KnowsAccess, disclose_reason
from fom.services.naming import name_segment
from fom.services.picture_events import letter

LINES_MAX = 12
"""Lines of one alert; what is more is counted."""

States = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Move:
    """One segment that moved: (2,) states before and after."""

    number: int
    old: tuple[int, int]
    new: tuple[int, int]

    def along(self, direction: int) -> tuple[int, int] | None:
        """Return the states before and after in a direction; None for no such direction."""
        old, new = self.old[direction], self.new[direction]
        return None if NO_STATE in (old, new) else (old, new)

    @property
    def worst(self) -> tuple[int, int]:
        """Return the worse of both directions, before and after."""
        return tuple(max(s for s in pair if s != NO_STATE) for pair in (self.old, self.new))  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an alert: some road, its states, and why."""

    where: str
    old: int
    new: int
    why: str
    outside: str
    sort: str
    segments: tuple[str, ...]
    length_m: float

    def members(self) -> dict[str, Any]:
        """Return it as an answer states it."""
        return {
            "where": self.where, "before": letter(self.old), "after": letter(self.new), "why": self.why,
            "segments": list(self.segments[:20]), "length_m": round(self.length_m, 1),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What an alert says."""

    title: str
    text: str
    outside_text: str
    fact_ids: tuple[str, ...]
    details: Mapping[str, Any]
    is_explosive: bool
    outside_title: str | None = None
    """Where the title itself may not leave."""


def words(old: int, new: int) -> str:
    """Return `open → restricted`."""
    return f"{word_of(letter(old))} → {word_of(letter(new))}"


def outside_reader(actor: Actor) -> Actor:
    """Return the same person as e-mail and webhook may know him: nobody's own records, and nothing too secret."""
    lowest = min(actor.clearance, OUTSIDE_CLEARANCE, key=CLASSIFICATIONS.index)
    return replace(actor, clearance=lowest, email="", user_id="")


@dataclass(frozen=True, slots=True)
class Why:
    """What decides a state: as the reader may know, as may leave the service, and the component."""

    text: str
    outside: str
    component: str

    @property
    def sort(self) -> str:
        """Return by what neighbouring stretches are told as one: passages and incidents differ in wording only."""
        return self.component if self.component in ("verification", "risk") else self.text


class Reasons:
    """Reads the reason that decides a segment, for one reader, and remembers which facts were named."""

    def __init__(self, assessment: Assessment, host: KnowsAccess, actor: Actor) -> None:
        self._assessment, self._host, self._actor = assessment, host, actor
        self._outside = outside_reader(actor)
        self.fact_ids: set[str] = set()
        self.is_explosive = False

    def why(self, number: int, direction: int) -> Why:
        """Return what decides one direction of a segment."""
        row = self._assessment.row_of(number)
        reason = self._assessment.reason_members(row, direction)[0]
        shown = disclose_reason(reason, actor=self._actor, host=self._host)
        self.fact_ids |= set(shown["fact_ids"])
        self.is_explosive |= reason["component"] == "explosive"
        outside = disclose_reason(reason, actor=self._outside, host=self._host)
        return Why(str(shown["text"]), str(outside["text"]), str(reason["component"]))


def lines_of(routes: Iterable[RouteWatch], moves: Mapping[int, Move], reasons: Reasons, network: Any) -> list[Line]:
    """Return a line for each run of road that moved alike: along the key routes, then for roads of no route."""
    lines: list[Line] = []
    on_routes: set[int] = set()
    for route in routes:
        on_routes |= set((route.arcs >> 1).tolist())
        lines += _along(route, moves, reasons, network)
    return lines + _elsewhere((m for n, m in moves.items() if n not in on_routes), reasons, network)


def _along(route: RouteWatch, moves: Mapping[int, Move], reasons: Reasons, network: Any) -> list[Line]:
    runs: list[Line] = []
    begin_m, last_end = 0.0, -1.0
    for arc, from_m, to_m in zip(route.arcs.tolist(), route.from_m.tolist(), route.to_m.tolist(), strict=True):
        move = moves.get(arc >> 1)
        pair = None if move is None else move.along(arc & 1)
        if pair is None or pair[0] == pair[1]:
            continue
        why = reasons.why(arc >> 1, arc & 1)
        segment, before = network.segment_id(arc >> 1), runs[-1] if runs else None
        is_same = before is not None and last_end == from_m
        if is_same and before is not None and (before.old, before.new, before.sort) == (*pair, why.sort):
            begin, segments = begin_m, (*before.segments, segment)
            told = runs.pop()
        else:
            begin, segments, told = from_m, (segment,), None
        where = f"{route.code} km {_km(begin)}–{_km(to_m)}"
        text, outside = (why.text, why.outside) if told is None else (told.why, told.outside)
        runs.append(Line(where, *pair, text, outside, why.sort, segments, to_m - begin))
        begin_m, last_end = begin, to_m
    return runs


def _elsewhere(moves: Iterable[Move], reasons: Reasons, network: Any) -> list[Line]:
    groups: dict[tuple[int, int, str], Line] = {}
    for move in sorted(moves, key=lambda move: move.number):
        old, new = move.worst
        if old == new:
            continue
        direction = move.new.index(new)
        why = reasons.why(move.number, direction)
        length, segment = float(network.length_m[move.number]), network.segment_id(move.number)
        key = (old, new, why.sort)
        before = groups.get(key)
        if before is None:
            named = name_segment(network, move.number)
            where = str(named.get("name") or named.get("ref") or f"road {segment}")
            groups[key] = Line(where, old, new, why.text, why.outside, why.sort, (segment,), length)
        else:
            segments = (*before.segments, segment)
            groups[key] = replace(before, segments=segments, length_m=before.length_m + length)
    return [
        line if len(line.segments) == 1 else replace(line, where=f"{line.where} and {len(line.segments) - 1} more")
        for line in groups.values()
    ]


def tell_moves(lines: Sequence[Line], routes: Sequence[Mapping[str, Any]], reasons: Reasons) -> Told:
    """Return the words of an alert about states that moved; the worst first."""
    ordered = sorted(lines, key=lambda line: (-line.new, -abs(line.new - line.old), line.where))
    first = ordered[0]
    moved = [route for route in routes if route["before"] != route["after"]]
    if moved:
        title = "; ".join(f"{r['code']}: {word_of(r['before'])} → {word_of(r['after'])}" for r in moved[:3])
        title += f"; and {len(moved) - 3} more key routes" if len(moved) > 3 else ""
    else:
        title = f"{first.where}: {words(first.old, first.new)}"
        title += f", and {len(ordered) - 1} more stretches" if len(ordered) > 1 else ""
    return Told(
        title=title,
        text=_text(ordered, [line.why for line in ordered]),
        outside_text=_text(ordered, [line.outside for line in ordered]),
        fact_ids=tuple(sorted(reasons.fact_ids)),
        details={"lines": [line.members() for line in ordered[:LINES_MAX]], "routes": list(routes)},
        is_explosive=reasons.is_explosive,
    )


def _text(lines: Sequence[Line], whys: Sequence[str]) -> str:
    told = [
        f"{line.where}: {words(line.old, line.new)}. {sentence(why)}"
        for line, why in zip(lines[:LINES_MAX], whys, strict=False)
    ]
    if len(lines) > LINES_MAX:
        told.append(f"{len(lines) - LINES_MAX} more stretches moved.")
    return "\n".join(told)


def sentence(text: str) -> str:
    """Return a reason as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f}".removesuffix(".0")


def worst(states: Iterable[int]) -> int:
    """Return the worst of some states; none: unknown."""
    found = [state for state in states if state != NO_STATE]
    return max(found) if found else int(State.GREY)
