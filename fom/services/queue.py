"""What waits for a judgement, ordered by what matters: reports that are not done, and records that nobody has graded.

First explosive items on key routes, then those without a place, then by what accepting them would do to movement, then
by age. Alarms tell what has waited too long. Source: doctrine, sections 9.4 and 2; the order is the issue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import SYSTEM, Actor, require, visible
from fom.domain.answers import says_where
from fom.domain.facts_file import parse_record
from fom.domain.grades import NOT_JUDGED
from fom.domain.instants import DAY_US, HOUR_US, MINUTE_US, format_instant
from fom.domain.places import uncertainty_m
from fom.domain.policy import Policy
from fom.services.effects import Bench, Effect
from fom.services.judging import GRADED_KINDS, grade_among
from fom.services.kept_now import KEPT_US
from fom.services.picture_host import PictureHost
from fom.services.proposing import Proposal, propose_grade
from fom.services.reporting import is_skewed
from fom.services.suggesting import find_supported
from fom.store.records import feature_of, retracted_ids
from fom.store.tables import PendingAct, RecordReference, RecordRow, Report, ReportVersion, version_record

JUDGED_KINDS = ("explosive", "physical", "control", "incident")
LOOK_BACK_US = 30 * DAY_US
"""Records that came without a report, ungraded and older than this, are history, not work. Project decision."""
EXPLOSIVE_ALARM_US, PLACE_ALARM_US = 15 * MINUTE_US, 4 * HOUR_US
"""How long an explosive report may wait without a place, or ungraded on a key route; any other without a place."""
LATE_US = 2 * HOUR_US
"""A report so long after the event is told as late: its duplicates are no longer looked for. Project decision."""
T = TypeVar("T")
ANYBODY = "anybody"
"""Who gives the grades proposed: what nobody has graded reads the same whoever is first, so one answer serves all."""
REPORTS_MAX, LOOSE_MAX, AT_ONCE = 300, 100, 500
"""How many of each are judged for one queue, and how many ids one query names. What is left out is told as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One line of the queue: a report with the records of its newest version, or a record that came without one."""

    key: str
    """Id of the report or record."""
    report: Report | None
    version: ReportVersion | None
    rows: tuple[RecordRow, ...]
    ungraded: tuple[RecordRow, ...]
    proposals: Mapping[str, Proposal]
    """Record id -> the grade proposed, of what is ungraded."""
    grade: str | None
    """In force on the first record."""
    effect: Effect
    badges: tuple[str, ...]
    alarm: str | None
    """Code of what has waited too long."""
    received: int
    doubt_m: float | None
    """How unsure the place of the first record is, metres; None without a place."""

    @property
    def is_explosive(self) -> bool:
        """Return whether it tells of an explosive hazard."""
        return any(row.kind == "explosive" for row in self.rows) or (
            not self.rows and self.report is not None and self.report.form == "explosive"
        )

    @property
    def needs_somebody(self) -> bool:
        """Return whether there is anything left to do: something ungraded, unplaced or in doubt between two bodies."""
        return bool(self.ungraded) or not self.rows or bool({"no_place", "two_bodies"} & set(self.badges))

    @property
    def order(self) -> tuple[Any, ...]:
        """Return the key by which the queue is ordered."""
        first, is_waiting = self.effect.first, bool(self.ungraded) or not self.rows
        if self.is_explosive and is_waiting and self.effect.is_on_key_route:
            group = 0
        elif self.is_explosive and "no_place" in self.badges:
            group = 1
        else:
            group = 2
        on_route = first is not None and first.is_change and first.route is not None
        weight = (0, 0, 0) if first is None else tuple(-int(part) for part in first.weight)
        return group, not on_route, *weight, self.received, self.key

    def members(self) -> dict[str, Any]:
        """Return plain values for programs; of a record only what its own address tells as well."""
        head = self.rows[0] if self.rows else None
        return {
            "id": self.key,
            "report_id": None if self.report is None else self.report.id,
            "record_ids": [row.id for row in self.rows],
            "form": self.report.form if self.report is not None else head.kind if head is not None else "other",
            "kind": None if head is None else head.kind,
            "by": self.report.by if self.report is not None else head.by if head is not None else None,
            "received": format_instant(self.received),
            "grade": self.grade,
            "proposed": [{"record_id": name, **p.members()} for name, p in self.proposals.items()],
            "effect": self.effect.members(),
            "badges": list(self.badges),
            "alarm": self.alarm,
        }


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, what matters most first."""

    lines: list[Waiting]
    left_out: int
    """How many open reports and records were not looked at, for there are too many: the newest and those that wait
    longest are among the lines, explosive ones before all others."""


def list_queue(session: Session, host: PictureHost, *, actor: Actor, now: int) -> Queue:
    """Return what waits and the actor may see, what matters most first.

    Only what waits is read and judged, however many records the mission has.
    """
    require(actor, "read_reports")
    return _read_queue(session, host, actor=actor, now=now)


def prepare_queue(session: Session, host: PictureHost, *, now: int) -> int:
    """Work out what the queue says before anybody asks, and anew before it grows old; return how many lines wait."""
    return len(_read_queue(session, host, actor=SYSTEM, now=now, kept_us=KEPT_US // 2).lines)


def _read_queue(session: Session, host: PictureHost, *, actor: Actor, now: int, kept_us: int = KEPT_US) -> Queue:
    absent = retracted_ids(session, known_at=now)
    reports, more_reports = _open_reports(session, actor)
    rows = _records_of(session, [report.id for report in reports], absent)
    loose, more_loose = _loose(session, actor, now, absent)
    versions = _newest_versions(session, [report.id for report in reports])
    everything = [row for of_report in rows.values() for row in of_report] + loose
    graded = graded_among(session, everything, absent)
    waiting = [row for row in everything if row.kind in GRADED_KINDS and row.id not in graded]
    supported = find_supported(session, waiting, actor=actor, policy=host.policy, now=now, absent=absent)
    bench = Bench(session, host, by=ANYBODY, kept_us=kept_us)
    conflicts = in_conflict(session, everything, absent)
    proposed = _proposed(session)

    spoken = _with_records(session, [report.id for report in reports])
    found: list[tuple[Report | None, Sequence[RecordRow]]] = [
        (report, rows.get(report.id, ())) for report in reports if report.id in rows or report.id not in spoken
    ]
    found += [(None, [row]) for row in loose]
    lines = [
        _line(
            session, bench.policy, report, None if report is None else versions.get(report.id), of, graded, supported,
            conflicts, proposed, absent,
        )
        for report, of in found
    ]  # fmt: skip
    judged = _judged(bench, [line for line in lines if line.needs_somebody], now)
    return Queue(sorted(judged, key=lambda line: line.order), more_reports + more_loose)


def look_at(
    session: Session, host: PictureHost, *, actor: Actor, now: int, report: Report | None, rows: Sequence[RecordRow]
) -> Waiting:
    """Return the line of one report or record, whether it waits or not."""
    require(actor, "read_reports")
    absent = retracted_ids(session, known_at=now)
    versions = {} if report is None else _newest_versions(session, [report.id])
    seen = [row for row in rows if row.id not in absent]
    graded = graded_among(session, seen, absent)
    waiting = [row for row in seen if row.kind in GRADED_KINDS and row.id not in graded]
    supported = find_supported(session, waiting, actor=actor, policy=host.policy, now=now, absent=absent)
    bench = Bench(session, host, by=ANYBODY)
    line = _line(
        session, bench.policy, report, None if report is None else versions.get(report.id), seen, graded, supported,
        in_conflict(session, seen, absent), _proposed(session), absent,
    )  # fmt: skip
    return _judged(bench, [line], now)[0]


def badges_of(
    report: Report | None, version: ReportVersion | None, rows: Sequence[RecordRow], conflicts: Iterable[str]
) -> tuple[str, ...]:
    """Return codes of what a reader must know of how a report came.

    `late`, `skewed` (device clock over 10 min off), `future` (says a time after its receipt and counts from receipt),
    `no_place`, `contradicted` (a link says so), `two_bodies` (another body came with its id). Source: doctrine, 9.
    The queue adds `second_person`: what somebody proposed about it waits for one.
    """
    found = []
    if any(row.received is not None and (row.occurred or row.received) < row.received - LATE_US for row in rows):
        found.append("late")
    if version is not None and is_skewed(version.device_offset_s, version.device_time, version.received):
        found.append("skewed")
    if any(row.occurred is not None and row.received is not None and row.occurred > row.received for row in rows):
        found.append("future")
    is_told = not rows and version is not None and says_where(version.body.get("answers") or {})
    if not is_told and not any(is_placed(row) for row in rows):
        found.append("no_place")
    if {row.id for row in rows} & set(conflicts):
        found.append("contradicted")
    if report is not None and report.triage == "conflict":  # until somebody has decided (`two_bodies`)
        found.append("two_bodies")
    return tuple(found)


def is_placed(row: RecordRow) -> bool:
    """Return whether a record says where it is."""
    properties = row.properties
    named = properties.get("segments") or properties.get("asset") or (row.location or {}).get("mgrs")
    return row.geometry is not None or bool(named)


def graded_among(session: Session, rows: Sequence[RecordRow], absent: set[str]) -> set[str]:
    """Return the ids of those records that carry a grade which stands."""
    return {target for grade_id, target in _about(session, rows, "grade") if grade_id not in absent}


def in_conflict(session: Session, rows: Sequence[RecordRow], absent: set[str]) -> set[str]:
    """Return the ids of those records of which a link that stands says that another contradicts them."""
    ids = [row.id for row in rows]
    query = (
        select(RecordRow.id, RecordRow.properties, RecordReference.target_id)
        .join(RecordReference, RecordReference.record_id == RecordRow.id)
        .where(RecordRow.kind == "link", RecordReference.target_id.in_(ids))
    )
    return {
        target
        for link_id, properties, target in session.execute(query)
        if properties.get("relation") == "conflict" and link_id not in absent
    }


def _line(
    session: Session,
    policy: Policy,
    report: Report | None,
    version: ReportVersion | None,
    rows: Sequence[RecordRow],
    graded: set[str],
    supported: set[str],
    conflicts: set[str],
    proposed: set[str],
    absent: set[str],
) -> Waiting:
    """Return a line before its effect is known."""
    judged = [row for row in rows if row.kind in GRADED_KINDS]
    clock_off = version is not None and is_skewed(version.device_offset_s, version.device_time, version.received)
    ungraded = [
        row for row in judged if row.id not in graded and not row.grade and (clock_off or not _grades_itself(row))
    ]
    has_unit = report is not None and report.unit_id is not None
    return Waiting(
        key=report.id if report is not None else rows[0].id, report=report, version=version, rows=tuple(rows),
        ungraded=tuple(ungraded), effect=Effect(), alarm=None,
        proposals={r.id: propose_grade(r, has_unit=has_unit, is_supported=r.id in supported) for r in ungraded},
        grade=_grade_of(session, judged[0], graded, absent, policy) if judged else None,
        badges=(*badges_of(report, version, rows, conflicts), *_waits(rows, proposed)),
        received=report.received if report is not None else (rows[0].received or 0),
        doubt_m=_doubt_m(rows[0], policy) if rows else None,
    )  # fmt: skip


def _grade_of(session: Session, row: RecordRow, graded: set[str], absent: set[str], policy: Policy) -> str:
    """Return the grade in force; of what nobody has graded without asking the database."""
    if row.id not in graded and row.grade is None and not _grades_itself(row):
        return NOT_JUDGED
    return grade_among(session, row, absent=absent, policy=policy)


def _judged(bench: Bench, lines: Sequence[Waiting], now: int) -> list[Waiting]:
    """Return lines with what they do to movement and their alarms."""
    items = [(line.rows, {name: p.grade for name, p in line.proposals.items()}) for line in lines]
    with_effects = [replace(line, effect=e) for line, e in zip(lines, bench.effects(items), strict=True)]
    return [replace(line, alarm=_alarm(line, now)) for line in with_effects]


def _alarm(waiting: Waiting, now: int) -> str | None:
    waits = now - waiting.received
    if "no_place" in waiting.badges:
        limit = EXPLOSIVE_ALARM_US if waiting.is_explosive else PLACE_ALARM_US
        return ("explosive_no_place" if waiting.is_explosive else "no_place") if waits >= limit else None
    is_ungraded = any(row.kind == "explosive" for row in waiting.ungraded)
    if is_ungraded and waiting.effect.is_on_key_route and waits >= EXPLOSIVE_ALARM_US:
        return "explosive_key_route"
    return None


def _proposed(session: Session) -> set[str]:
    """Return the ids of records about which an act waits for a second person."""
    waiting = session.scalars(select(PendingAct.targets).where(PendingAct.settled_at.is_(None)))
    return {str(target) for targets in waiting for target in targets}


def _waits(rows: Sequence[RecordRow], proposed: set[str]) -> tuple[str, ...]:
    return ("second_person",) if {row.id for row in rows} & proposed else ()


def _doubt_m(row: RecordRow, policy: Policy) -> float | None:
    return uncertainty_m(parse_record(feature_of(row)).location, policy) if is_placed(row) else None


def _grades_itself(row: RecordRow) -> bool:
    is_track = row.properties.get("authenticated") and row.properties.get("track") == "gps"
    return row.kind == "verification" and bool(is_track)


def _open_reports(session: Session, actor: Actor) -> tuple[list[Report], int]:
    """Return reports that are not done and that the actor may see, explosive ones first, and how many are left out."""
    query = select(Report).where(Report.triage != "done").order_by(Report.received.desc(), Report.id)
    seen = [report for report in session.scalars(query) if visible(actor, report)]
    explosive = _ends([report for report in seen if report.form == "explosive"], REPORTS_MAX)
    others = _ends([report for report in seen if report.form != "explosive"], REPORTS_MAX - len(explosive))
    return [*explosive, *others], len(seen) - len(explosive) - len(others)


def _ends(found: Sequence[T], room: int) -> list[T]:
    """Return as many as there is room for, from both ends: the newest, and those that wait longest."""
    return list(found) if len(found) <= room else [*found[: room - room // 2], *found[len(found) - room // 2 :]]


def _newest_versions(session: Session, report_ids: Sequence[str]) -> dict[str, ReportVersion]:
    query = (
        select(ReportVersion)
        .join(Report, (Report.id == ReportVersion.report_id) & (Report.version == ReportVersion.version))
        .where(Report.id.in_(report_ids))
    )
    return {version.report_id: version for version in session.scalars(query)}


def _records_of(session: Session, report_ids: Sequence[str], absent: set[str]) -> dict[str, list[RecordRow]]:
    query = (
        select(ReportVersion.report_id, RecordRow)
        .join(Report, (Report.id == ReportVersion.report_id) & (Report.version == ReportVersion.version))
        .join(version_record, version_record.c.version_id == ReportVersion.id)
        .join(RecordRow, RecordRow.id == version_record.c.record_id)
        .where(Report.id.in_(report_ids))
        .order_by(RecordRow.number)
    )
    found: dict[str, list[RecordRow]] = {}
    for report_id, row in session.execute(query):
        if row.id not in absent:
            found.setdefault(report_id, []).append(row)
    return found


def _with_records(session: Session, report_ids: Sequence[str]) -> set[str]:
    """Return the ids of reports whose newest version says anything as a record, retracted or not."""
    query = (
        select(ReportVersion.report_id)
        .join(Report, (Report.id == ReportVersion.report_id) & (Report.version == ReportVersion.version))
        .join(version_record, version_record.c.version_id == ReportVersion.id)
        .where(Report.id.in_(report_ids))
    )
    return set(session.scalars(query))


def _loose(session: Session, actor: Actor, now: int, absent: set[str]) -> tuple[list[RecordRow], int]:
    """Return records of the last days without a report that nobody has graded, and how many are left out."""
    query = select(RecordRow).where(
        RecordRow.kind.in_(JUDGED_KINDS),
        RecordRow.report_id.is_(None),
        RecordRow.grade.is_(None),
        RecordRow.received > now - LOOK_BACK_US,
        RecordRow.received <= now,
    )
    rows = list(session.scalars(query.order_by(RecordRow.received.desc(), RecordRow.id)))
    graded = graded_among(session, rows, absent)
    seen = [row for row in rows if row.id not in graded | absent and visible(actor, row)]
    kept = _ends(seen, LOOSE_MAX)
    return kept, len(seen) - len(kept)


def _about(session: Session, rows: Sequence[RecordRow], kind: str) -> Iterable[tuple[str, str]]:
    """Yield (id, target) of records of a kind that speak of some rows."""
    ids = [row.id for row in rows]
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(RecordReference.record_id, RecordReference.target_id)
            .join(RecordRow, RecordRow.id == RecordReference.record_id)
            .where(RecordRow.kind == kind, RecordReference.target_id.in_(ids[start : start + AT_ONCE]))
        )
        yield from ((record_id, target) for record_id, target in session.execute(query))
