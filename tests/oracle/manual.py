"""S: what the JOC has set by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.oracle.documents import Record, hours
from tests.oracle.states import BLACK, RED, STATE_NAMES, Reason, Verdict

if TYPE_CHECKING:
    from tests.oracle.row import Row


def worsened(row: Row, t: int) -> list[Reason]:
    """Return the reasons S1."""
    return [
        Reason("manual", "S1", STATE_NAMES.index(m.p["state"]), [m.id], None)
        for m in row.manuals
        if m.p["mode"] == "worsen" and is_in_force(m, t, True) and not row.judge.is_lifted(m, t)
    ]


def improvements(row: Row, t: int) -> list[Record]:
    """Return the improvements in force here at t that are valid in themselves."""
    return [
        m
        for m in row.manuals
        if m.p["mode"] == "improve"
        and why_not_improve(m, row.policy) is None
        and is_in_force(m, t, False)
        and not row.judge.is_lifted(m, t)
    ]


def blocker(verdict: Verdict) -> str | None:
    """Return the component that no improvement may lift, or None."""
    if verdict.components["explosive"] >= RED:
        return "explosive"
    return "physical" if verdict.components["physical"] == BLACK else None


def why_not_improve(m: Record, policy: dict[str, Any]) -> str | None:
    """Return why an improvement is refused whatever the road, or None."""
    if m.p["role"] != "chief_joc":
        return "role"
    if m.p["state"] == "GREEN":
        return "green"
    if m.expires is None or m.expires - m.eff > hours(policy["override_max_h"]):
        return "expiry"
    return "bulk" if len(set(m.segment_ids)) > 50 and m.signatures < 2 else None


def is_in_force(manual: Record, t: int, to_the_end: bool) -> bool:
    """Return whether a manual state holds at t; a worsening holds at its expiry, an improvement does not."""
    if manual.eff > t:
        return False
    return manual.expires is None or t < manual.expires or (to_the_end and t == manual.expires)
