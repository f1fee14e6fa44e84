"""Moved segments gathered by what made them move: one line of words for hundreds of stretches.

A stretch that got worse is told by the reason that now decides; one that got better by the reason that no longer does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
NUMBERS_MAX = 20
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
    """Return the groups, the longest first.

    Each has `before, after, component, text, fact_ids, before_text, after_text, segments, length_m, numbers`. `text` is
    the reason on the worse side, `before_text` and `after_text` decide most of its metres on either side. `numbers` are
    up to twenty of the segments; a group without `component` holds those whose reasons were not read.
    """
    length = np.asarray(network.length_m)
    moved = np.flatnonzero(worst[0] != worst[1])
    moved = moved[np.argsort(-length[moved], kind="stable")]
    told, rest = moved[:TOLD_MAX], moved[TOLD_MAX:]
    groups: dict[tuple[Any, ...], _Group] = {}
    segments = np.sort(told)
    both = [side.assess(segments) for side in sides] if len(segments) else []
    for row, number in enumerate(segments.tolist()):
        reasons = [disclose_reason(_deciding(assessment, row), actor=actor, host=viewing) for assessment in both]
        worse = int(worst[1][number] > worst[0][number])
        _put(groups, reasons[worse], number, worst, float(length[number]), [str(reason["text"]) for reason in reasons])
    for number in rest.tolist():
        unread: dict[str, Any] = {"component": None, "text": "reasons not read", "fact_ids": []}
        _put(groups, unread, number, worst, float(length[number]), None)
    rows = sorted((group.told() for group in groups.values()), key=lambda group: -group["length_m"])
    return rows[:GROUPS_MAX]


def _deciding(assessment: Assessment, row: int) -> dict[str, Any]:
    states = assessment.states[row]
    direction = int(np.argmax(np.where(states == NO_STATE, 0, states)))
    return assessment.reason_members(row, direction)[0]


@dataclass
class _Group:
    members: dict[str, Any]
    texts: tuple[dict[str, float], dict[str, float]] = field(
        default_factory=lambda: (defaultdict(float), defaultdict(float))
    )
    """Metres by reason, before and after."""
    numbers: list[int] = field(default_factory=list)
    segments: int = 0
    length_m: float = 0.0

    def add(self, number: int, length_m: float, texts: Sequence[str] | None) -> None:
        self.segments += 1
        self.length_m += length_m
        if len(self.numbers) < NUMBERS_MAX:
            self.numbers.append(number)
        for metres, text in zip(self.texts, texts or (), strict=False):
            metres[text] += length_m

    def told(self) -> dict[str, Any]:
        most = [max(sorted(metres), key=metres.__getitem__, default=None) for metres in self.texts]
        return {
            **self.members, "before_text": most[0], "after_text": most[1], "segments": self.segments,
            "length_m": round(self.length_m, 1), "numbers": self.numbers,
        }  # fmt: skip


def _put(
    groups: dict[tuple[Any, ...], _Group], reason: Mapping[str, Any], number: int, worst: tuple[Worst, Worst],
    length_m: float, texts: Sequence[str] | None,
) -> None:  # fmt: skip
    states = letter(int(worst[0][number])), letter(int(worst[1][number]))
    ids = tuple(reason["fact_ids"])
    key = (*states, reason["component"], ids or reason["text"])
    if key not in groups:
        members = {"component": reason["component"], "text": reason["text"], "fact_ids": list(ids)}
        groups[key] = _Group({"before": states[0], "after": states[1], **members})
    groups[key].add(number, length_m, texts)
