"""The answer document `fom-assessment/1`. Source: facts format, section 8 (docs/formats.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fom.domain.instants import NEVER_US, format_instant
from fom.domain.spans import to_us
from fom.domain.states import DIRECTION_CODES, Component, State
from fom.picture.next_change import next_changes
from fom.picture.reasons import COMPONENT_CODES

if TYPE_CHECKING:
    from fom.picture.assessment import Assessment

FORMAT = "fom-assessment/1"
COMPONENT_ORDER = (
    Component.VERIFICATION, Component.EXPLOSIVE, Component.PHYSICAL, Component.CONTROL, Component.RISK,
    Component.MANUAL,
)  # fmt: skip
STATE_NAMES = tuple(state.name for state in State)


def answer_document(assessment: Assessment, *, with_texts: bool = True) -> dict[str, Any]:
    """Return the answer of an assessment: rows by segment id, forward before backward."""
    changes = _changes(assessment)
    return {
        "format": FORMAT,
        **assessment.question.members(),
        "segments": [
            row_members(assessment, row, direction, changes[direction][row], with_texts=with_texts)
            for row, direction in assessment.order()
        ],
        "routes": [route.members() for route in assessment.routes()],
        "unplaced": list(assessment.unplaced),
        "refused": [refused._asdict() for refused in assessment.refused],
        "warnings": list(assessment.warnings),
    }


def _changes(assessment: Assessment) -> list[list[dict[str, str] | None]]:
    """Return by direction and row the next change as an answer states it."""
    whole = assessment.contributions.narrowed(np.arange(assessment.contributions.n_rows))
    forward = _told(*next_changes(whole, 0, assessment.tick))
    backward = list(forward)
    lopsided = np.flatnonzero(whole.is_lopsided)
    if len(lopsided):
        changes = _told(*next_changes(whole.narrowed(lopsided), 1, assessment.tick))
        for row, change in zip(lopsided.tolist(), changes, strict=True):
            backward[row] = change
    return [forward, backward]


def _told(at: NDArray[np.int64], state: NDArray[np.uint8]) -> list[dict[str, str] | None]:
    return [
        None if tick == NEVER_US else {"at": format_instant(to_us(tick)), "state": STATE_NAMES[number]}
        for tick, number in zip(at.tolist(), state.tolist(), strict=True)
    ]


def row_members(
    assessment: Assessment, row: int, direction: int, change: dict[str, str] | None, *, with_texts: bool
) -> dict[str, Any]:
    """Return one row of an answer."""
    components = assessment.components[row, direction]
    confidence = float(assessment.confidence[row, direction])
    verified = int(assessment.verified_at[row, direction])
    return {
        "segment_id": assessment.network.segment_id(int(assessment.segments[row])),
        "direction": DIRECTION_CODES[direction],
        "state": STATE_NAMES[assessment.states[row, direction]],
        "components": {COMPONENT_CODES[c]: STATE_NAMES[components[c]] for c in COMPONENT_ORDER},
        "risk": float(assessment.risk[row, direction]),
        "confidence": None if np.isnan(confidence) else confidence,
        "verified_at": None if verified == NEVER_US else format_instant(verified),
        "delay_min": float(assessment.delay_min[row, direction]),
        "override": assessment.override[row, direction],
        "reasons": assessment.reason_members(row, direction, with_texts=with_texts),
        "next_change": change,
    }
