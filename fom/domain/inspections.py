"""Inspection forms: what each asks of an air head, a landing, a crossing, a control point, a camp, a bridge.

Findings are plain values by name. What follows from them (a status, a physical fact) belongs to the services; whether
an air head is serviceable is `air_heads`. Source: doctrine, section 8; requirements 2.9 and 2.10.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fom.domain.instants import DAY_US, MINUTE_US, format_instant
from fom.domain.registers import AIR_HEAD_STATUS, CONTROL_POINT_STATUS, CROSSING_STATUS
from fom.errors import FieldError

SUBJECTS = ("air_head", "crossing", "site", "asset", "control_point")
"""Kinds of things that are inspected; an asset is a bridge, ford or the like of the network."""
CONDITIONS = ("good", "worn", "poor", "failed", "unknown")
ACCESS_STATUS = ("open", "restricted", "closed", "unknown")
YES_NO = ("yes", "no", "not_seen")
CHECKLIST = (
    "customs_present", "immigration_present", "records_kept", "search_lane", "quarantine_point", "secure_store",
    "communications",
)  # fmt: skip
"""What an official crossing shows to pass. Source: requirement BL2; the list is ours (project decision)."""
WHOLE_CHECKLIST = "checklist_passed"
"""The same said as a whole, where nobody told the points apart."""
SKEW_US = 10 * MINUTE_US
"""How far ahead of the server an inspection may be dated: what a clock is off."""
REVIEW_MAX_US = 366 * DAY_US


@dataclass(frozen=True, slots=True)
class Finding:
    """One question of a form: kind `code`, `number`, `text`, and the codes or bounds and the unit of its answer."""

    kind: str
    codes: tuple[str, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = math.inf
    required: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A form: of which kind of subject, which status it finds, what else it asks."""

    subject: str
    statuses: tuple[str, ...]
    findings: Mapping[str, Finding]
    is_inspection: bool = True
    """Whether somebody went and looked; a landing, a closing and its lifting are written down by forms as well."""


def _code(*codes: str, required: bool = False) -> Finding:
    return Finding("code", codes, required=required)


def _number(unit: str, high: float, low: float = 0.0) -> Finding:
    return Finding("number", (), unit, low, high)


_ASKED = _code(*YES_NO)
_WORDS = Finding("text")
_WHY = Finding("text", required=True)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "air_head": Form(
            "air_head",
            AIR_HEAD_STATUS[:3],
            {
                "surface_condition": _code(*CONDITIONS), "standing_water": _ASKED, "obstacles": _ASKED,
                "markings_seen": _ASKED, "wind_sign": _ASKED, "lights_work": _ASKED, "fire_cover_present": _ASKED,
                "usable_length_m": _number("m", 10_000), "usable_width_m": _number("m", 300), "security": _WORDS,
            },
        ),
        "landing": Form(
            "air_head", (), {"aircraft_type": Finding("text", required=True), "remarks": _WORDS}, is_inspection=False
        ),
        "closure": Form("air_head", AIR_HEAD_STATUS[1:3], {"reason": _WHY}, is_inspection=False),
        "lifting": Form("air_head", (), {"reason": _WHY}, is_inspection=False),
        "crossing": Form(
            "crossing",
            CROSSING_STATUS,
            {
                "people": _code(*CROSSING_STATUS), "goods": _code(*CROSSING_STATUS), "mission": _code(*CROSSING_STATUS),
                "staffed": _ASKED, "hours": _WORDS, **dict.fromkeys((WHOLE_CHECKLIST, *CHECKLIST), _ASKED),
                "waiting_min": _number("min", 10_000),
            },
        ),
        "control_point": Form(
            "control_point",
            CONTROL_POINT_STATUS[:3],
            {
                "vehicles_checked": _number("vehicles", 1_000_000), "people_checked": _number("people", 10_000_000),
                "loads_of_resources": _number("loads", 100_000), "loads_turned_back": _number("loads", 100_000),
                "seizures": _number("seizures", 100_000), "waiting_min": _number("min", 10_000),
                "fee_taken": _ASKED, "public_text_posted": _ASKED, "marked": _ASKED, "relief_let_through": _ASKED,
            },
        ),
        "access": Form(
            "site",
            ACCESS_STATUS,
            {
                "heaviest_vehicle": _WORDS, "surface_condition": _code(*CONDITIONS), "alternate_way": _ASKED,
                "relief_let_in": _ASKED, "people_seen": _number("people", 10_000_000), "guarded": _ASKED,
            },
        ),
        "asset": Form(
            "asset",
            CONDITIONS,
            {
                "damage": _code("destroyed", "washed_out", "blocked", "flooded", "damaged"),
                "depth_m": _number("m", 50), "mlc": _number("class", 150), "mass_t": _number("t", 500),
                "width_m": _number("m", 100), "height_m": _number("m", 100), "approaches": _code(*CONDITIONS),
                "signed_limit": _ASKED,
            },
        ),
    }
)  # fmt: skip
"""Form -> what it asks."""
LIMITS = ("mlc", "mass_t", "width_m", "height_m")
"""Findings of the asset form that state a limit."""


def forms_of(subject: str) -> tuple[str, ...]:
    """Return the forms of a kind of subject, the usual one first."""
    return tuple(name for name, form in FORMS.items() if form.subject == subject)


def parse_findings(form: str, values: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    """Return the answers that were given, as codes, numbers and texts; every bad one goes to `errors`."""
    asked = FORMS[form].findings
    errors += [FieldError(f"findings.{name}", "given", "no such question") for name in values if name not in asked]
    found: dict[str, Any] = {}
    for name, finding in asked.items():
        raw = values.get(name)
        if raw is None or raw == "":
            if finding.required:
                errors.append(FieldError(f"findings.{name}", "nothing", expectation(finding)))
            continue
        value = _READERS[finding.kind](finding, raw)
        if value is None:
            errors.append(FieldError(f"findings.{name}", repr(raw)[:80], expectation(finding)))
        else:
            found[name] = value
    return found


def expectation(finding: Finding) -> str:
    """Return in words what an answer may be."""
    if finding.kind == "code":
        return "one of " + ", ".join(finding.codes)
    if finding.kind == "number":
        return f"a number from {finding.low:g} to {finding.high:g}" + (f", {finding.unit}" if finding.unit else "")
    return "a text of at most 500 characters"


def check_moments(form: str, inspected_at: int, next_review: int | None, now: int, errors: list[FieldError]) -> None:
    """Note an inspection of the future, and a review that is not after it or more than a year away.

    A closing by hand may begin later; its review is its end, and it must have one. Source: doctrine, section 3.6.
    """
    if form == "closure":
        if next_review is None or not max(inspected_at, now) < next_review <= inspected_at + REVIEW_MAX_US:
            came = "nothing" if next_review is None else format_instant(next_review)
            errors.append(FieldError("next_review", came, "when the closing ends: ahead, within a year of its start"))
        return
    if inspected_at > now + SKEW_US:
        errors.append(FieldError("inspected_at", format_instant(inspected_at), "a moment that has passed"))
    if next_review is not None and not inspected_at < next_review <= inspected_at + REVIEW_MAX_US:
        expected = "after the inspection, within a year of it"
        errors.append(FieldError("next_review", format_instant(next_review), expected))


def has_passed(findings: Mapping[str, Any]) -> bool | None:
    """Return whether a crossing passed its checklist: as a whole or every point of it, and no point failed.

    None when nobody looked at any of it.
    """
    said = {name: findings[name] for name in (WHOLE_CHECKLIST, *CHECKLIST) if name in findings}
    if not said:
        return None
    is_whole = said.get(WHOLE_CHECKLIST) == "yes" or all(said.get(name) == "yes" for name in CHECKLIST)
    return is_whole and "no" not in said.values()


def stated_limits(findings: Mapping[str, Any]) -> dict[str, float]:
    """Return the limits that an inspection of an asset states."""
    return {name: findings[name] for name in LIMITS if name in findings}


def _read_code(finding: Finding, raw: Any) -> str | None:
    return raw if isinstance(raw, str) and raw in finding.codes else None


def _read_number(finding: Finding, raw: Any) -> float | None:
    try:
        value = float(raw.strip().replace(",", ".") if isinstance(raw, str) else raw)
    except (TypeError, ValueError):
        return None
    is_fit = not isinstance(raw, bool) and math.isfinite(value) and finding.low <= value <= finding.high
    return value if is_fit else None


def _read_text(_: Finding, raw: Any) -> str | None:
    return raw.strip() if isinstance(raw, str) and raw.strip() and len(raw) <= 500 and "\x00" not in raw else None


_READERS = {"code": _read_code, "number": _read_number, "text": _read_text}
