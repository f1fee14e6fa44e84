"""R: incidents near the road, decaying with time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.oracle.documents import DAY, Record
from tests.oracle.ground import SLACK
from tests.oracle.states import AMBER, GREEN, RED, Reason

if TYPE_CHECKING:
    from tests.oracle.row import Row


LISTED = 0.001
"""An incident with a smaller term is not named."""


def nearness(row: Row, incident: Record) -> float:
    """Return k: 1 near the road, falling to 0 far from it."""
    d = row.ground.distance(row.segment, incident)
    near, far = row.policy["risk_near_m"], row.policy["risk_far_m"]
    x = max(0.0, d - row.ground.uncertainty(incident))
    if x <= near:
        return 1.0
    return 0.0 if x >= far else float((far - x) / (far - near))


def own_terms(row: Row, t: int, erroneous: frozenset[str]) -> dict[str, tuple[str, float]]:
    """Return group and own term of every incident that counts at t."""
    groups, out = row.knowledge.groups(erroneous), {}
    for i, k in row.incidents:
        if i.eff <= t and i.id not in erroneous:
            weight = row.policy["incident"][i.p["type"]]
            decay = 2.0 ** (-((t - i.eff) / (weight["half_life_d"] * DAY)))
            group = groups[i.id].key if i.id in groups else i.id
            out[i.id] = group, weight["s"] * row.knowledge.confidence(i, erroneous) * decay * k
    return out


def risk(row: Row, t: int, erroneous: frozenset[str]) -> tuple[float, dict[str, tuple[str, float]]]:
    """Return R and the terms."""
    terms = own_terms(row, t, erroneous)
    r = noisy_or(largest_terms(terms.values()).values())
    if t == row.judge.at and any(0 < k < 1 for _, k in row.incidents):
        near = min(abs(r - row.policy[name]) for name in ("risk_amber", "risk_red"))
        if near < 1e-4:
            row.ground.close_calls.append(f"risk {r:.6f} rests on a distance and lies at a threshold")
    return r, terms


def risk_state(row: Row, r: float) -> int:
    """Return the state of a risk."""
    if r >= row.policy["risk_red"] - SLACK:
        return RED
    return AMBER if r >= row.policy["risk_amber"] - SLACK else GREEN


def risk_reasons(row: Row, erroneous: frozenset[str], r: float, terms: dict[str, tuple[str, float]]) -> list[Reason]:
    """Return the reason R1, if any."""
    state = risk_state(row, r)
    if state == GREEN:
        return []
    listed = [i for i, (_, term) in terms.items() if term >= LISTED]
    if any(abs(term - LISTED) < 1e-6 for _, term in terms.values()):
        row.ground.close_calls.append("an incident is about to be listed")
    c = min(row.knowledge.confidence(row.knowledge.known[i], erroneous) for i in listed)
    return [Reason("risk", "R1", state, listed, c)]


def largest_terms(terms: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the largest term of each group."""
    out: dict[str, float] = {}
    for group, term in terms:
        out[group] = max(out.get(group, 0.0), term)
    return out


def noisy_or(terms: Iterable[float]) -> float:
    """Return the chance that at least one happens."""
    quiet = 1.0
    for term in terms:
        quiet *= 1 - term
    return 1 - quiet
