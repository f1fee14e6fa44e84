"""Moved segments gathered by what made them move: one line of words for hundreds of stretches.

A stretch that got worse is told by the reason that now decides; one that got better by the reason that no longer does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fom.domain.access import Actor
from fom.domain.states import NO_STATE
from fom.network.network import Network
from fom.picture.assessment import Assessment
from fom.services.disclosure import KnowsAccess, disclose_reason
from fom.services.picture_events import letter

TOLD_MAX = 3_000
"""Segments whose reasons are read, the longest first; the rest are counted without."""
GROUPS_MAX = 60
Worst = NDArray[np.uint8]
"""(n,) the worse state of each segment's directions."""


class Answers(Protocol):
    """What is needed of a side."""

    def assess(self, segments: NDArray[np.int64]) -> Assessment: ...


def worst_of(states: NDArray[np.uint8]) -> Worst:
    """Return the worse state of each segment's directions; no such direction decides nothing."""
    worst: Worst = np.where(states == NO_STATE, 0, states).max(axis=1)
    return worst


def reason_groups(
    network: Network, sides: Sequence[Answers], worst: tuple[Worst, Worst], viewing: KnowsAccess, *, actor: Actor
) -> list[dict[str, Any]]:
    """Return `{before, after, component, text, fact_ids, segments, length_m, numbers}`, the longest first.

    `numbers` are up to twenty of the segments; a group without `component` holds those whose reasons were not read.
    """
    length = np.asarray(network.length_m)
    moved = np.flatnonzero(worst[0] != worst[1])
    moved = moved[np.argsort(-length[moved], kind="stable")]
    told, rest = moved[:TOLD_MAX], moved[TOLD_MAX:]
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for side in (0, 1):
        other = 1 - side
        segments = np.sort(told[worst[side][told] > worst[other][told]])
        if not len(segments):
            continue
        assessment = sides[side].assess(segments)
        for row, number in enumerate(segments.tolist()):
            reason = disclose_reason(_deciding(assessment, row), actor=actor, host=viewing)
            _put(groups, reason, number, worst, float(length[number]))
    for number in rest.tolist():
        _put(
            groups,
            {"component": None, "text": "reasons not read", "fact_ids": []},
            number,
            worst,
            float(length[number]),
        )
    rows = sorted(groups.values(), key=lambda group: -group["length_m"])
    return [{**group, "length_m": round(group["length_m"], 1)} for group in rows[:GROUPS_MAX]]


def _deciding(assessment: Assessment, row: int) -> dict[str, Any]:
    states = assessment.states[row]
    direction = int(np.argmax(np.where(states == NO_STATE, 0, states)))
    return assessment.reason_members(row, direction)[0]


def _put(
    groups: dict[tuple[Any, ...], dict[str, Any]], reason: Mapping[str, Any], number: int, worst: tuple[Worst, Worst],
    length_m: float,
) -> None:  # fmt: skip
    states = letter(int(worst[0][number])), letter(int(worst[1][number]))
    ids = tuple(reason["fact_ids"])
    key = (*states, reason["component"], ids or reason["text"])
    group = groups.get(key)
    if group is None:
        group = groups[key] = {
            "before": states[0], "after": states[1], "component": reason["component"], "text": reason["text"],
            "fact_ids": list(ids), "segments": 0, "length_m": 0.0, "numbers": [],
        }  # fmt: skip
    group["segments"] += 1
    group["length_m"] += length_m
    if len(group["numbers"]) < 20:
        group["numbers"].append(number)
