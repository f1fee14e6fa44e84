"""Restriction cases: dated steps that are never rewritten, and how far a case has come, computed from them.

A case says what happened; its steps say what was done about it. No state is stored: `follow_case` works it out for any
moment. A wrong step is followed by one that corrects it; the wrong one stays readable and counts no more.

Source: requirements, A5, R7, K5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US
from fom.errors import FieldError

STEP_KINDS = (
    "action_taken", "protest_sent", "reply_received", "meeting", "follow_up_due", "resolved", "reopened", "note",
)  # fmt: skip
ACTIONS = ("action_taken", "protest_sent", "meeting")
"""What the mission does about a restriction."""
ANSWERS_A_FOLLOW_UP = (*ACTIONS, "reply_received", "resolved")
STATES = ("open", "protested", "answered", "resolved")
"""In the order in which a case passes through them; `overdue` is said beside them."""
REPLY_DAYS = 14
"""Days after which a reply to a protest is overdue, where the protest names no date (J)."""
PROMPT_US = 24 * HOUR_US
"""Within so long the mission should have acted. Source: requirements, R7."""
SETTLED_US = 30 * DAY_US
"""Within so long a case should be resolved. Source: requirements, A5."""
STANDING_US = 30 * DAY_US
"""A restriction that stands longer is listed apart. Source: doctrine, section 6 (L1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One dated entry of a case."""

    id: str
    kind: str
    at: int
    """When it was done."""
    received: int
    """When it was entered."""
    by: str
    due_at: int | None = None
    """When a reply or a follow-up is due."""
    reference: str | None = None
    """Number of the note verbale or of the reply."""
    addressee: str | None = None
    words: str | None = None
    corrects: str | None = None
    """The step whose place this one takes."""
    is_implied: bool = False
    """Said by the case itself (protest number, date of resolution), not by a step."""


@dataclass(frozen=True, slots=True)
class Due:
    """A date by which something was to happen, and whether it did not."""

    at: int
    what: str
    """reply or follow_up"""
    step: str
    is_met: bool
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a case has come at a moment."""

    state: str
    is_overdue: bool
    protested_at: int | None
    answered_at: int | None
    resolved_at: int | None
    first_action_at: int | None
    dues: tuple[Due, ...]
    steps: tuple[Step, ...]
    """All steps entered, oldest first, those said by the case itself among them."""
    corrected: frozenset[str]
    """Ids of steps that count no more."""

    @property
    def next_due(self) -> Due | None:
        """Return the earliest date that is not met."""
        return min((due for due in self.dues if not due.is_met), key=lambda due: (due.at, due.step), default=None)


def follow_case(case: Mapping[str, Any], steps: Sequence[Step], at: int) -> Progress:
    """Return how far a case has come at a moment.

    Parameters
    ----------
    case
        `opened_at, occurred_at, protest_no, protest_at, resolved_at` in microseconds; steps say more and come first.
    """
    told = [step for step in steps if step.at <= at]
    corrected = frozenset(step.corrects for step in told if step.corrects is not None)
    everything = sorted([*told, *_implied(case, told, corrected, at)], key=lambda s: (s.at, s.received, s.id))
    counted = [step for step in everything if step.id not in corrected]
    protests = [step for step in counted if step.kind == "protest_sent"]
    replies = [step for step in counted if step.kind == "reply_received"]
    turns = [step for step in counted if step.kind in ("resolved", "reopened")]
    resolved_at = turns[-1].at if turns and turns[-1].kind == "resolved" else None
    is_answered = bool(replies) and (not protests or replies[-1].at >= protests[-1].at)
    state = "answered" if is_answered else "protested" if protests else "open"
    dues = tuple(_dues(counted, resolved_at, at))
    return Progress(
        state="resolved" if resolved_at is not None else state,
        is_overdue=resolved_at is None and any(due.is_overdue for due in dues),
        protested_at=protests[0].at if protests else None,
        answered_at=replies[-1].at if is_answered else None,
        resolved_at=resolved_at,
        first_action_at=min((s.at for s in counted if s.kind in ACTIONS), default=None),
        dues=dues,
        steps=tuple(everything),
        corrected=corrected,
    )


def began_at(case: Mapping[str, Any]) -> int:
    """Return when the restriction happened; where that is not said, when its case was opened."""
    occurred = case.get("occurred_at")
    return int(case["opened_at"] if occurred is None else occurred)


def _implied(case: Mapping[str, Any], told: Sequence[Step], corrected: frozenset[str], at: int) -> list[Step]:
    """Return the protest and the resolution that only the case itself states."""
    kinds = {step.kind for step in told}
    found = []
    protest_at = case.get("protest_at")
    if (case.get("protest_no") or protest_at is not None) and "protest_sent" not in kinds:
        when = int(case["opened_at"] if protest_at is None else protest_at)
        found.append(_said("protest", "protest_sent", when, reference=case.get("protest_no")))
    if case.get("resolved_at") is not None and not kinds & {"resolved", "reopened"}:
        found.append(_said("resolution", "resolved", int(case["resolved_at"])))
    return [step for step in found if step.at <= at and step.id not in corrected]


def _said(what: str, kind: str, when: int, reference: str | None = None) -> Step:
    return Step(id=f"case:{what}", kind=kind, at=when, received=when, by="", reference=reference, is_implied=True)


def _dues(counted: Sequence[Step], resolved_at: int | None, at: int) -> list[Due]:
    dues = []
    for step in counted:
        if step.kind == "protest_sent":
            due = step.at + REPLY_DAYS * DAY_US if step.due_at is None else step.due_at
            is_met = any(other.kind == "reply_received" and other.at >= step.at for other in counted)
        elif step.kind == "follow_up_due" and step.due_at is not None:
            due = step.due_at
            is_met = any(
                other.kind in ANSWERS_A_FOLLOW_UP and (other.at, other.received) > (step.at, step.received)
                for other in counted
            )
        else:
            continue
        is_met = is_met or (resolved_at is not None and resolved_at >= step.at)
        what = "reply" if step.kind == "protest_sent" else "follow_up"
        dues.append(Due(due, what, step.id, is_met, not is_met and due < at))
    return dues


def step_faults(kind: str, given: Mapping[str, Any], *, begun: int, now: int) -> list[FieldError]:
    """Return what a new step lacks or contradicts."""
    faults = []
    if kind == "protest_sent":
        if not given.get("reference"):
            faults.append(FieldError("reference", "nothing", "the number of the note verbale"))
        if not given.get("addressee"):
            faults.append(FieldError("addressee", "nothing", "to whom the note went"))
    if kind == "follow_up_due" and given.get("due_at") is None:
        faults.append(FieldError("due_at", "nothing", "the date on which the follow-up is due"))
    if kind in ("resolved", "reopened", "action_taken", "meeting", "note") and not given.get("words"):
        faults.append(FieldError("words", "nothing", f"what was {'agreed' if kind == 'meeting' else 'done'}, in words"))
    if given["at"] > now:
        faults.append(FieldError("at", "a moment ahead", "when it was done; what is still to be done is a follow-up"))
    if given["at"] + MINUTE_US <= begun:  # people give whole minutes
        faults.append(FieldError("at", "before the restriction", "a moment since the restriction began"))
    if given.get("due_at") is not None and given["due_at"] < given["at"]:
        faults.append(FieldError("due_at", "before the step itself", "a later moment"))
    return faults
