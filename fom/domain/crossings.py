"""Whether a border crossing lets people, goods and the mission pass: computed from what was seen there, never typed.

The newest inspection speaks for all three, until it is to be reviewed. Source: doctrine, section 7 (crossing);
requirement 2.10; design, principle 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fom.domain.inspections import has_passed
from fom.domain.instants import DAY_US

WHO_PASSES = ("people", "goods", "mission")
SEVERITY = ("operational", "partly", "unknown", "closed")
"""From best to worst."""
REVIEW_US = 30 * DAY_US
"""For how long an inspection speaks that states no next review (J)."""
REVIEW_MOST_US = 90 * DAY_US
"""For how long an inspection speaks at most, whatever review it states: the window of the benchmarks (J)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody said of a crossing: an inspection, or a status typed before inspections alone counted."""

    at: int
    status: str
    by: str
    review: int | None = None
    """Next review as stated."""
    findings: Mapping[str, Any] = field(default_factory=dict)
    ref: str = ""
    """Id of the inspection; empty for a typed status."""


@dataclass(frozen=True, slots=True)
class Passing:
    """What is said of a crossing: for all together, and for each of `WHO_PASSES`."""

    status: str
    each: Mapping[str, str]
    why: str
    """inspected, stated, too_old, never."""
    seen: Seen | None = None
    """What decides."""
    until: int | None = None
    """Its review; past it, a closing that was found still holds, and all else is unknown."""


def review_at(seen_at: int, stated: int | None) -> int:
    """Return until when an inspection speaks for a crossing."""
    return min(seen_at + REVIEW_US if stated is None else stated, seen_at + REVIEW_MOST_US)


def passing(said: Sequence[Seen], *, at: int) -> Passing:
    """Return what passes at a moment by what was said up to then.

    The newest says it all: of whom it found nothing apart, its status as a whole is said. What it found closed stays so
    until somebody finds otherwise; passing the review opens nothing, it makes the rest unknown.
    """
    newest = max((one for one in said if one.at <= at), key=lambda one: (one.at, bool(one.ref)), default=None)
    if newest is None:
        return Passing("unknown", dict.fromkeys(WHO_PASSES, "unknown"), "never")
    until = review_at(newest.at, newest.review)
    is_old = at > until
    each = {name: newest.findings.get(name) or newest.status for name in WHO_PASSES}
    whole = max(newest.status, together(each.values()), key=SEVERITY.index)
    if is_old:
        each = {name: "closed" if status == "closed" else "unknown" for name, status in each.items()}
        whole = "closed" if whole == "closed" else "unknown"
    return Passing(whole, each, "too_old" if is_old else "inspected" if newest.ref else "stated", newest, until)


def together(each: Iterable[str]) -> str:
    """Return what the statuses of each make of the whole: what only some may do is partly."""
    found = set(each)
    if len(found) == 1:
        return found.pop()
    return "partly" if found & {"operational", "partly"} else "unknown"


def checklist_at(said: Sequence[Seen], *, at: int) -> int | None:
    """Return when the checklist was passed by the last inspection that went through any of it, None where it failed."""
    checked = [one for one in said if one.at <= at and has_passed(one.findings) is not None]
    newest = max(checked, key=lambda one: one.at, default=None)
    return newest.at if newest is not None and has_passed(newest.findings) else None
