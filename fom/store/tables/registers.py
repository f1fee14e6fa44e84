"""The registers: rows that people keep up to date, each with a version so that a stale edit is refused."""

from __future__ import annotations

from typing import Any

import shapely
from sqlalchemy import Boolean, CheckConstraint, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fom.domain import registers as words
from fom.domain.access import CLASSIFICATIONS
from fom.domain.profiles import USER_CLASSES
from fom.store.columns import CanonicalJson, Geometry, Moment, RowNumber
from fom.store.tables.base import Base, one_of, within


def _kept() -> tuple[CheckConstraint, ...]:
    return (one_of("classification", CLASSIFICATIONS), CheckConstraint("version >= 1", name="version"))


def _placed() -> tuple[CheckConstraint, ...]:
    return (within("lon", -180, 180), within("lat", -90, 90))


class Kept:
    """What every register row has. `area_id` and `by` decide, with the classification, who sees it."""

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    classification: Mapped[str] = mapped_column(String(24))
    area_id: Mapped[str | None] = mapped_column(String(64))
    changed_at: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))

    @property
    def area(self) -> str | None:
        """Return the area that limits who sees the row."""
        return self.area_id


class KeyRoute(Kept, Base):
    """A route that the mission tracks; its stretches also stand as a `route` record, so that the picture rates it."""

    __tablename__ = "key_route"
    __table_args__ = (*_kept(), within("verify_interval_h", 1, 168))

    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str | None] = mapped_column(String(200))
    verify_interval_h: Mapped[float | None] = mapped_column(Float)
    interval_reason: Mapped[str | None] = mapped_column(Text)
    via: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    segments: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    planning_profile: Mapped[str | None] = mapped_column(String(40))
    reviewed_at: Mapped[int | None] = mapped_column(Moment)
    record_id: Mapped[str | None] = mapped_column(ForeignKey("record.id"))


class AirHead(Kept, Base):
    """An airfield, airstrip or helicopter landing site used by the mission."""

    __tablename__ = "air_head"
    __table_args__ = (
        *_kept(),
        *_placed(),
        one_of("kind", ("airfield", "airstrip", "hls")),
        one_of("status", words.AIR_HEAD_STATUS),
    )

    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16))
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    runways: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    aircraft_types: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    is_night: Mapped[bool | None] = mapped_column(Boolean)
    status: Mapped[str] = mapped_column(String(16))
    inspected_at: Mapped[int | None] = mapped_column(Moment)
    inspection_by: Mapped[str | None] = mapped_column(String(200))
    notes: Mapped[str | None] = mapped_column(Text)
    elevation_m: Mapped[float | None] = mapped_column(Float)
    strength_note: Mapped[str | None] = mapped_column(Text)
    wet_use: Mapped[str | None] = mapped_column(String(24))
    fuel: Mapped[str | None] = mapped_column(Text)
    fire_cover: Mapped[str | None] = mapped_column(Text)
    security_state: Mapped[str | None] = mapped_column(Text)
    landing_clearance: Mapped[str | None] = mapped_column(String(24))
    landing_sites: Mapped[int | None] = mapped_column(RowNumber)
    approvals: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """`[{type, by, at, note}]`: aircraft types that aviation approved."""
    source: Mapped[str | None] = mapped_column(Text)
    """Ident in the table that the row was imported from."""


class Crossing(Kept, Base):
    """A border crossing."""

    __tablename__ = "crossing"
    __table_args__ = (*_kept(), *_placed(), one_of("status", words.CROSSING_STATUS))

    name: Mapped[str] = mapped_column(String(200))
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    is_official: Mapped[bool | None] = mapped_column(Boolean)
    status: Mapped[str] = mapped_column(String(16))
    goods: Mapped[bool | None] = mapped_column(Boolean)
    people: Mapped[bool | None] = mapped_column(Boolean)
    mission: Mapped[bool | None] = mapped_column(Boolean)
    hours: Mapped[str | None] = mapped_column(String(200))
    checklist_passed_at: Mapped[int | None] = mapped_column(Moment)
    staffed: Mapped[bool | None] = mapped_column(Boolean)
    inspected_at: Mapped[int | None] = mapped_column(Moment)
    people_status: Mapped[str | None] = mapped_column(String(24))
    goods_status: Mapped[str | None] = mapped_column(String(24))
    mission_status: Mapped[str | None] = mapped_column(String(24))
    notes: Mapped[str | None] = mapped_column(Text)


class ControlPoint(Kept, Base):
    """A checkpoint, an entry point of a zone, or a point of control over resources."""

    __tablename__ = "control_point"
    __table_args__ = (
        *_kept(),
        *_placed(),
        one_of("kind", words.CONTROL_POINT_KINDS),
        one_of("run_by", words.ACTORS),
        one_of("status", words.CONTROL_POINT_STATUS),
        CheckConstraint("ends_at >= starts_at", name="ends_at"),
    )

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    run_by: Mapped[str] = mapped_column(String(24))
    owner: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    starts_at: Mapped[int | None] = mapped_column(Moment)
    ends_at: Mapped[int | None] = mapped_column(Moment)
    public_text: Mapped[str | None] = mapped_column(Text)
    public_place: Mapped[str | None] = mapped_column(Text)
    hours: Mapped[str | None] = mapped_column(Text)
    passes: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    """User classes that are let through; None = not recorded."""
    zone: Mapped[str | None] = mapped_column(String(64))
    """Area whose entry point it is."""
    site: Mapped[str | None] = mapped_column(String(64))
    """Strategic resource that it watches."""
    status: Mapped[str] = mapped_column(String(16))
    """As the last inspection found it."""
    inspected_at: Mapped[int | None] = mapped_column(Moment)
    notes: Mapped[str | None] = mapped_column(Text)


class Inspection(Base):
    """One inspection of an air head or crossing, kept when the register row moves on to the next."""

    __tablename__ = "inspection"
    __table_args__ = (one_of("subject_kind", ("air_head", "crossing")),)

    number: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    subject_kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[str] = mapped_column(String(64), index=True)
    inspected_at: Mapped[int] = mapped_column(Moment)
    inspection_by: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16))
    notes: Mapped[str | None] = mapped_column(Text)
    received: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))


class Site(Kept, Base):
    """A place people live in, work at or depend on."""

    __tablename__ = "site"
    __table_args__ = (
        *_kept(),
        *_placed(),
        one_of("kind", words.SITE_KINDS),
        CheckConstraint("population >= 0", name="population"),
    )

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))
    lon: Mapped[float] = mapped_column(Float)
    lat: Mapped[float] = mapped_column(Float)
    population: Mapped[int | None] = mapped_column(RowNumber)
    plan_reviewed_at: Mapped[int | None] = mapped_column(Moment)
    is_active: Mapped[bool | None] = mapped_column(Boolean)
    until: Mapped[int | None] = mapped_column(Moment)
    parent: Mapped[str | None] = mapped_column(String(64))
    custodian: Mapped[str | None] = mapped_column(Text)
    assessed_by: Mapped[str | None] = mapped_column(Text)
    safety_distance_m: Mapped[float | None] = mapped_column(Float)
    """Stated by the assessor, never worked out by us."""
    stage: Mapped[str | None] = mapped_column(String(24))
    notes: Mapped[str | None] = mapped_column(Text)


class Area(Kept, Base):
    """A zone, a critical area, or an area where somebody operates."""

    __tablename__ = "area"
    __table_args__ = (*_kept(), one_of("kind", words.AREA_KINDS), one_of("held_by", words.ACTORS))

    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(24))
    geometry: Mapped[shapely.Geometry] = mapped_column(Geometry)
    agreement_ref: Mapped[str | None] = mapped_column(String(200))
    grade: Mapped[str | None] = mapped_column(String(2))
    reviewed_at: Mapped[int | None] = mapped_column(Moment)
    assessor: Mapped[str | None] = mapped_column(String(200))
    entry_points: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    marked: Mapped[list[Any] | None] = mapped_column(CanonicalJson)
    notes: Mapped[str | None] = mapped_column(Text)
    held_by: Mapped[str | None] = mapped_column(String(24))
    """Who controls it, as its assessor says; `grade` and `reviewed_at` say how surely and since when."""


class Movement(Kept, Base):
    """A planned movement and what became of it."""

    __tablename__ = "movement"
    __table_args__ = (
        *_kept(),
        one_of("purpose", words.MOVEMENT_PURPOSES),
        one_of("user_class", USER_CLASSES),
        one_of("outcome", words.MOVEMENT_OUTCOMES),
        CheckConstraint("planned_end >= planned_start", name="planned"),
        CheckConstraint("actual_end >= actual_start", name="actual"),
        CheckConstraint("delivered_t >= 0 AND planned_t >= 0", name="tonnes"),
    )

    code: Mapped[str] = mapped_column(String(80), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    user_class: Mapped[str] = mapped_column(String(24))
    profile: Mapped[str | None] = mapped_column(String(40))
    planned_start: Mapped[int] = mapped_column(Moment, index=True)
    planned_end: Mapped[int | None] = mapped_column(Moment)
    actual_start: Mapped[int | None] = mapped_column(Moment)
    actual_end: Mapped[int | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(24))
    delivered_t: Mapped[float | None] = mapped_column(Float)
    planned_t: Mapped[float | None] = mapped_column(Float)
    route: Mapped[str | None] = mapped_column(ForeignKey("key_route.id"), index=True)
    from_site: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    to_site: Mapped[str | None] = mapped_column(ForeignKey("site.id"))
    unit: Mapped[str | None] = mapped_column(String(80))
    admin_unit: Mapped[str | None] = mapped_column(String(80))


class RestrictionCase(Kept, Base):
    """The follow-up of a restriction of movement: clause, protest, resolution."""

    __tablename__ = "restriction_case"
    __table_args__ = (
        *_kept(),
        one_of("category", words.RESTRICTION_CATEGORIES),
        one_of("actor", words.ACTORS),
        one_of("user_class", USER_CLASSES),
        one_of("outcome", words.RESTRICTION_OUTCOMES),
        one_of("position", words.POSITIONS),
        one_of("basis", words.BASES),
        CheckConstraint("resolved_at >= opened_at", name="resolved"),
    )

    record_id: Mapped[str | None] = mapped_column(ForeignKey("record.id"), index=True)
    category: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(24))
    user_class: Mapped[str | None] = mapped_column(String(24))
    admin_unit: Mapped[str | None] = mapped_column(String(80))
    clause: Mapped[str | None] = mapped_column(String(80))
    clearance_held: Mapped[bool | None] = mapped_column(Boolean)
    outcome: Mapped[str | None] = mapped_column(String(24))
    opened_at: Mapped[int] = mapped_column(Moment, index=True)
    protest_no: Mapped[str | None] = mapped_column(String(80))
    protest_at: Mapped[int | None] = mapped_column(Moment)
    resolved_at: Mapped[int | None] = mapped_column(Moment)
    standing: Mapped[bool | None] = mapped_column(Boolean)
    occurred_at: Mapped[int | None] = mapped_column(Moment)
    clause_version: Mapped[int | None] = mapped_column(Integer)
    """The version of the clause list under which the case was written; it stays when a later one is published."""
    delay_min: Mapped[float | None] = mapped_column(Float)
    position: Mapped[str | None] = mapped_column(String(16))
    basis: Mapped[str | None] = mapped_column(String(16))
    order_id: Mapped[str | None] = mapped_column(String(120))
    movement_id: Mapped[str | None] = mapped_column(String(64))
    route: Mapped[str | None] = mapped_column(String(64))
    demand_made: Mapped[bool | None] = mapped_column(Boolean)
    summary: Mapped[str | None] = mapped_column(Text)


class Commitment(Kept, Base):
    """What a party promised, by whom and until when, and whether it was kept."""

    __tablename__ = "commitment"
    __table_args__ = (
        *_kept(),
        one_of("actor", words.ACTORS),
        one_of("outcome", words.COMMITMENT_OUTCOMES),
        CheckConstraint("due_at >= promised_at AND settled_at >= promised_at", name="times"),
    )

    actor: Mapped[str] = mapped_column(String(24), index=True)
    promised: Mapped[str] = mapped_column(Text)
    promised_by: Mapped[str] = mapped_column(Text)
    promised_at: Mapped[int] = mapped_column(Moment)
    due_at: Mapped[int | None] = mapped_column(Moment)
    outcome: Mapped[str | None] = mapped_column(String(16))
    settled_at: Mapped[int | None] = mapped_column(Moment)
    reason: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(Text)
    admin_unit: Mapped[str | None] = mapped_column(Text)


class LiaisonContact(Kept, Base):
    """An office of a party that is called when a movement is stopped: at a place, on a route, in an area, anywhere."""

    __tablename__ = "liaison_contact"
    __table_args__ = (
        *_kept(),
        *_placed(),
        one_of("actor", words.ACTORS),
        CheckConstraint("rank >= 1", name="rank"),
        CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="position"),
    )

    actor: Mapped[str] = mapped_column(String(24), index=True)
    office: Mapped[str] = mapped_column(Text)
    """The office or post, not a person."""
    channel: Mapped[str] = mapped_column(Text)
    """Telephone, radio net or call sign."""
    place: Mapped[str | None] = mapped_column(Text)
    """The checkpoint or post by its name."""
    lon: Mapped[float | None] = mapped_column(Float)
    lat: Mapped[float | None] = mapped_column(Float)
    route: Mapped[str | None] = mapped_column(ForeignKey("key_route.id"))
    admin_unit: Mapped[str | None] = mapped_column(String(80))
    hours: Mapped[str | None] = mapped_column(Text)
    rank: Mapped[int | None] = mapped_column(Integer)
    """Who is called first."""
    confirmed_at: Mapped[int | None] = mapped_column(Moment)
    """When somebody last reached it there."""
    confirmed_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[int | None] = mapped_column(Moment)
    """Since when it is called no more."""
    notes: Mapped[str | None] = mapped_column(Text)


class PoliticalDate(Kept, Base):
    """A date that may move the parties: shown beside the trend, never joined to it by the service."""

    __tablename__ = "political_date"
    __table_args__ = (
        *_kept(),
        one_of("kind", words.POLITICAL_KINDS),
        CheckConstraint("ends_at >= starts_at", name="times"),
    )

    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(24))
    starts_at: Mapped[int] = mapped_column(Moment, index=True)
    ends_at: Mapped[int | None] = mapped_column(Moment)
    is_yearly: Mapped[bool | None] = mapped_column(Boolean)
    admin_unit: Mapped[str | None] = mapped_column(String(80))
    expected: Mapped[str | None] = mapped_column(Text)
    """What somebody expects of it, in words."""
    source: Mapped[str | None] = mapped_column(Text)


class HazardPriority(Kept, Base):
    """The rank at which a hazard is to be dealt with, as of a moment."""

    __tablename__ = "hazard_priority"
    __table_args__ = (*_kept(), CheckConstraint("rank >= 1", name="rank"))

    hazard_id: Mapped[str] = mapped_column(ForeignKey("record.id"), index=True)
    rank: Mapped[int] = mapped_column(Integer)
    set_at: Mapped[int] = mapped_column(Moment)
    set_by: Mapped[str | None] = mapped_column(String(254))
    reason: Mapped[str | None] = mapped_column(Text)


class Task(Kept, Base):
    """Work asked for: by EOD, engineers, or a passage to verify."""

    __tablename__ = "task"
    __table_args__ = (
        *_kept(),
        one_of("kind", words.TASK_KINDS),
        CheckConstraint("done_at >= created_at", name="done"),
    )

    kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[str] = mapped_column(String(120), index=True)
    """A record, a segment or a register row."""
    assigned_to: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[int | None] = mapped_column(Moment)
    done_at: Mapped[int | None] = mapped_column(Moment)
    created_at: Mapped[int] = mapped_column(Moment)


class SignedAssessment(Kept, Base):
    """A signed statement on a benchmark, shown beside the computed value for at most thirty days."""

    __tablename__ = "assessment"
    __table_args__ = (
        *_kept(),
        one_of("status", words.BENCHMARK_STATUSES),
        CheckConstraint("length(reason) >= 40", name="reason"),
        CheckConstraint("expires >= valid_from AND expires <= valid_from + 2592000000000", name="expires"),
    )

    benchmark: Mapped[str] = mapped_column(String(40), index=True)
    status: Mapped[str] = mapped_column(String(24))
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(40))
    valid_from: Mapped[int] = mapped_column(Moment)
    expires: Mapped[int] = mapped_column(Moment)


class RegisterVersion(Base):
    """What a register row said at one version: written once, so that the register can be read as it stood then."""

    __tablename__ = "register_version"

    register: Mapped[str] = mapped_column(String(24), primary_key=True)
    row_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    changed_at: Mapped[int] = mapped_column(Moment)
    by: Mapped[str] = mapped_column("by_person", String(254))
    body: Mapped[dict[str, Any]] = mapped_column(CanonicalJson)
    """Plain values as `fom/domain/registers.py` formats them."""


REGISTER_TABLES: dict[str, type[Kept]] = {
    "key_route": KeyRoute,
    "air_head": AirHead,
    "crossing": Crossing,
    "control_point": ControlPoint,
    "site": Site,
    "area": Area,
    "movement": Movement,
    "restriction_case": RestrictionCase,
    "commitment": Commitment,
    "liaison_contact": LiaisonContact,
    "political_date": PoliticalDate,
    "hazard_priority": HazardPriority,
    "task": Task,
    "assessment": SignedAssessment,
}
