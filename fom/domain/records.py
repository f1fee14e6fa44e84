"""Records: the dated, immutable statements from which every state is computed.

One class per kind of the facts format (docs/formats.md). A record is never rewritten; it is followed by grades, links,
closing acts and retractions. Reading and writing files is `facts_file`, judging is `viability`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from shapely.geometry.base import BaseGeometry

from fom.domain.states import State


@dataclass(frozen=True, slots=True)
class Location:
    """How a place is known; the uncertainty in metres follows from it and the policy (`places.uncertainty_m`)."""

    method: str
    """gps, mgrs, place, survey or sketch."""
    accuracy_m: float | None = None
    mgrs: str | None = None
    radius_m: float | None = None
    uncertainty_m: float | None = None
    datum: str = "wgs84"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of one segment, metres from its start along its own geometry; `to_m` None = to the end."""

    segment_id: str
    from_m: float = 0.0
    to_m: float | None = None
    direction: str = "forward"
    """Only read on routes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Members common to all kinds. Times are microseconds (`instants`); geometry is WGS 84 lon/lat or None."""

    kind: ClassVar[str]
    id: str
    received: int | None
    """Server time; None only on routes."""
    occurred: int | None = None
    geometry: BaseGeometry | None = None
    location: Location | None = None
    grade: str | None = None
    origin: str | None = None
    by: str | None = None
    signed_by: tuple[str, ...] = ()
    meta: dict[str, Any] | None = field(default=None, compare=False)

    @property
    def eff(self) -> int:
        """Return the moment from which it counts: min(occurred, received)."""
        if self.received is None:
            raise ValueError(f"{self.id}: a {self.kind} has no time")
        return self.received if self.occurred is None else min(self.occurred, self.received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explosive(Record):
    """An explosive hazard: class, place, time and status only."""

    kind: ClassVar[str] = "explosive"
    hazard: str
    explosive_class: str
    """`class` in the file."""
    eod_confirmed: bool = False
    new_emplacement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Recorded limits. None = not stated. A name in `unknown` = stated as no longer known (null in the file)."""

    mlc: float | None = None
    mass_t: float | None = None
    width_m: float | None = None
    height_m: float | None = None
    depth_m: float | None = None
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Physical(Record):
    """Damage, obstruction, flood or limit of a stretch or an asset."""

    kind: ClassVar[str] = "physical"
    damage: str
    depth_m: float | None = None
    limits: Limits | None = None
    asset: str | None = None
    segments: tuple[Stretch, ...] = ()
    review_by: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurring:
    """A daily window: minutes after midnight in a fixed zone; days are those on which it starts (0 = Monday)."""

    from_min: int
    to_min: int
    days: tuple[int, ...]
    zone_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(Record):
    """Human control of movement: standing order, denial, toll or delay."""

    kind: ClassVar[str] = "control"
    control: str
    effect: str | None = None
    user_classes: tuple[str, ...] = ()
    user_class: str | None = None
    start: int | None = None
    end: int | None = None
    recurring: Recurring | None = None
    delay_min: float | None = None
    direction: str = "both"
    segments: tuple[Stretch, ...] = ()
    imposed_by: str | None = None
    owner: str | None = None
    reason: str | None = None
    public_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident(Record):
    """A risk incident; its weight decays."""

    kind: ClassVar[str] = "incident"
    incident_type: str
    """`type` in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Record):
    """Positive evidence that someone physically passed or searched a stretch."""

    kind: ClassVar[str] = "verification"
    strength: str
    passed: str | None = None
    track: str | None = None
    authenticated: bool = False
    user_class: str | None = None
    unimpeded: bool = False
    crossed: tuple[str, ...] = ()
    direction: str = "both"
    segments: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingAct(Record):
    """Signed statement, by those with the right to make it, that ends the facts it names."""

    kind: ClassVar[str] = "closing_act"
    act: str
    closes: tuple[str, ...]
    authority: str
    method: str | None = None
    depth_cm: float | None = None
    traffic_mlc: float | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade(Record):
    """A grader's judgement of another record; `grade` and `by` are required here."""

    kind: ClassVar[str] = "grade"
    target: str
    eod_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Record):
    """duplicate, same_incident or conflict between records of one kind."""

    kind: ClassVar[str] = "link"
    relation: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction(Record):
    """Takes a record back from its receipt onwards."""

    kind: ClassVar[str] = "retraction"
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual(Record):
    """The JOC's own hand: worsen at once, improve with limits."""

    kind: ClassVar[str] = "manual"
    mode: str
    state: State
    role: str
    reason: str
    expires: int | None = None
    segments: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatArea(Record):
    """Threat level of an area for a time; level None counts as high."""

    kind: ClassVar[str] = "threat_area"
    level: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Season(Record):
    """Wet or dry, for an area (geometry None = everywhere) and a time."""

    kind: ClassVar[str] = "season"
    season: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Record):
    """An ordered list of stretches."""

    kind: ClassVar[str] = "route"
    segments: tuple[Stretch, ...] = ()


RECORD_CLASSES: dict[str, type[Record]] = {
    c.kind: c
    for c in (
        Explosive,
        Physical,
        Control,
        Incident,
        Verification,
        ClosingAct,
        Grade,
        Link,
        Retraction,
        Manual,
        ThreatArea,
        Season,
        Route,
    )
}
