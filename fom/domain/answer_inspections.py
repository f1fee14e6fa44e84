"""What the answers of a report say as an inspection: of an air head, a crossing, a camp, or a bridge or other asset.

Only what was answered is said; an answer that the inspection form does not ask for is left to its notes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fom.domain import air_heads, crossings
from fom.domain.answers import Answers
from fom.domain.inspections import WHOLE_CHECKLIST
from fom.domain.registers import AIR_HEAD_STATUS

SUBJECT_OF: Mapping[str, str] = MappingProxyType(
    {"air_head": "air_head", "crossing": "crossing", "camp": "site", "bridge": "asset"}
)
"""Form of a report -> kind of subject that it inspects."""
_BEST_FIRST = {"air_head": air_heads.SEVERITY, "crossing": crossings.SEVERITY}
_ACCESS = {"yes": "open", "with_difficulty": "restricted", "no": "closed", "unknown": "unknown"}
_CONDITION = {"destroyed": "failed", "washed_out": "failed", "damaged": "poor"}
"""Damage -> condition of what it happened to; water or something in the way says nothing of it. Project decision."""
TEXT_MAX, DEPTH_MAX_M, WAIT_MAX_MIN = 500, 50, 10_000
"""Largest findings of the inspection forms; what exceeds them is told in the notes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What an inspection form holds of a report."""

    form: str
    status: str
    findings: dict[str, Any] = field(default_factory=dict)
    noted: tuple[str, ...] = ()
    """Questions whose answers have no place of their own."""


def find_inspection(form: str, answers: Answers) -> Found | None:
    """Return what the answers to a form found, None where they find no state of anything that is inspected."""
    read = _READERS.get(form)
    return None if read is None or not answers else read(answers)


def worsens(subject_kind: str, before: str | None, after: str) -> bool:
    """Return whether a row of a register becomes worse; the same state again lengthens its life, so it is not worse."""
    order = _BEST_FIRST.get(subject_kind)
    return order is not None and order.index(after) > order.index(before or "unknown")


def _air_head(answers: Answers) -> Found | None:
    if answers["status"] not in AIR_HEAD_STATUS[:3]:
        return None
    secured = answers.get("is_secured")
    findings = {"security": "secured" if secured else "not secured"} if isinstance(secured, bool) else {}
    return Found("air_head", answers["status"], findings, ("surface", "aircraft_types", "is_wet_usable"))


def _crossing(answers: Answers) -> Found:
    findings: dict[str, Any] = {
        name: "operational" if answers[name] else "closed" for name in ("people", "goods", "mission") if name in answers
    }
    noted: tuple[str, ...] = ()
    if "staffed" in answers:
        findings["staffed"] = "yes" if answers["staffed"] else "no"
    if "checklist_passed" in answers:
        findings[WHOLE_CHECKLIST] = "yes" if answers["checklist_passed"] else "no"
    for name, finding, fits in (
        ("hours", "hours", lambda value: len(value) <= TEXT_MAX),
        ("delay_min", "waiting_min", lambda value: value <= WAIT_MAX_MIN),
    ):
        if name in answers and fits(answers[name]):
            findings[finding] = answers[name]
        elif name in answers:
            noted += (name,)
    return Found("crossing", answers["status"], findings, noted)


def _camp(answers: Answers) -> Found:
    findings = {"people_seen": float(answers["population"])} if "population" in answers else {}
    return Found("access", _ACCESS[answers["passability"]], findings, ("blocked_by", "needs"))


def _bridge(answers: Answers) -> Found:
    findings: dict[str, Any] = {"damage": answers["damage"]}
    noted: tuple[str, ...] = ("passability", "bypass")
    if "depth_m" in answers and answers["depth_m"] <= DEPTH_MAX_M:
        findings["depth_m"] = answers["depth_m"]
    elif "depth_m" in answers:
        noted += ("depth_m",)
    return Found("asset", _CONDITION.get(answers["damage"], "unknown"), findings, noted)


_READERS: Mapping[str, Callable[[Answers], Found | None]] = MappingProxyType(
    {"air_head": _air_head, "crossing": _crossing, "camp": _camp, "bridge": _bridge}
)
