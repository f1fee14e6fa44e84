"""What has a date that has passed, or that is near, beside the roads themselves: records, registers, studies, cases.

Worked out once for all watches of a round; who may see what, and who watches it, is asked of each watch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Access, Actor, Guarded, may, visible
from fom.domain.air_heads import FRESH_DRY_US, FRESH_WET_US
from fom.domain.crossings import review_at
from fom.domain.instants import DAY_US, parse_instant
from fom.domain.positions import date_time_group
from fom.domain.records import Control, Manual, Physical, Record
from fom.maps.style import letter_of, word_of
from fom.network.network import ASSET_TYPES
from fom.services.alerts.watching import Ints, Watch
from fom.services.area_statements import wet_places
from fom.services.cases import case_views
from fom.services.inspecting import latest_inspections
from fom.services.joining import join_road
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register
from fom.store.tables import RouteStudy
from fom.store.tables.registers import AirHead

LEAD_US = DAY_US
"""How long before its end something is told of at most; sooner is the last quarter of its life. Project judgement."""
INSPECTED = {"air_head": "Air head", "crossing": "Crossing", "site": "Site"}
DAMAGE_WORDS = {"washed_out": "washed out", "limit": "limit"}
ORDER_WORDS = {"prohibited": "prohibited", "permission": "by permission only", "escort": "with escort only"}
DUE_WORDS = {"reply": "reply to the protest", "follow_up": "follow-up"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """One thing that should have been done by a moment, or that ends at one, microseconds; None = it never was done."""

    check: str
    """One of `CHECKS`."""
    about: str
    title: str
    text: str
    due_at: int | None
    target: tuple[str, str]
    """Kind and id of what a reader goes on to."""
    access: Guarded
    fact_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Dated:
    """A record with a date that counts now, and where it lies."""

    check: str
    record: Record
    due_at: int
    numbers: Ints


class FallingDue:
    """What counts at a moment, microseconds. Reads each thing when it is first asked for, once."""

    def __init__(self, session: Session, host: PictureHost, now: int) -> None:
        self._session, self._host, self._now = session, host, now
        self._rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._case_rows: dict[str, list[dict[str, Any]]] = {}

    def rows(self, register: str, actor: Actor) -> list[dict[str, Any]]:
        """Return the rows of a register that a reader may see."""
        key = register, actor.user_id
        if key not in self._rows:
            self._rows[key] = list_register(self._session, register, actor=actor)
        return self._rows[key]

    def of(self, watch: Watch) -> Iterator[Overdue]:
        """Yield what a watch asks for and its reader may know."""
        wanted = set(watch.row.checks)
        yield from (thing for thing in self._records_of(watch) if thing.check in wanted)
        if "inspection" in wanted:
            yield from self._inspections_of(watch)
        if "review" in wanted:
            yield from self._studies_of(watch)
        if "follow_up" in wanted:
            yield from self._cases_of(watch)

    # records

    @cached_property
    def _dated(self) -> list[_Dated]:
        with self._host.reading() as picture:
            survey = picture.survey(self._now)
        found: list[tuple[str, Record, int]] = []
        for fact in survey.known(Physical.kind):
            if not isinstance(fact, Physical) or fact.review_by is None or fact.review_by >= self._now:
                continue
            if survey.closed_from(fact, "repaired", "erroneous") > self._now:
                found.append(("review", fact, fact.review_by))
        for fact in (*survey.known(Manual.kind), *survey.known(Control.kind)):
            end = _end_of(fact)
            if end is None or not self._is_near(fact.eff, end):
                continue
            if survey.closed_from(fact, "lifted", "erroneous") > self._now:
                found.append(("expiry", fact, end))
        with self._host.reading() as picture:
            return [_Dated(check, r, due_at, picture.influence.segments_of([r])) for check, r, due_at in found]

    def _is_near(self, begin: int, end: int) -> bool:
        return begin <= self._now < end and end - self._now <= min(LEAD_US, (end - begin) // 4)

    def _records_of(self, watch: Watch) -> Iterator[Overdue]:
        for dated in self._dated:
            access = self._host.access_of(dated.record.id)
            if visible(watch.actor, access) and watch.meets(dated.numbers, dated.record.geometry):
                yield self._record(watch, dated, access)

    def _record(self, watch: Watch, dated: _Dated, access: Guarded) -> Overdue:
        record, where, when = dated.record, watch.where(dated.numbers), date_time_group(dated.due_at)
        if isinstance(record, Physical):
            what = DAMAGE_WORDS.get(record.damage, record.damage)
            title = f"Review overdue: {what}, {where}"
            text = f"The record ({what}) was to be looked at again by {when}; its limits go on counting."
            target = self.on_map(dated.numbers) if record.asset is None else ("asset", record.asset)
        elif isinstance(record, Manual):
            state = word_of(letter_of(record.state))
            title = f"State set by hand ends {when}: {where}"
            text = f"It was set to {state}: {record.reason[:200]}"
            target = ("manual", record.id)
        else:
            effect = ORDER_WORDS.get(str(getattr(record, "effect", None)), "an order")
            title = f"Order ends {when}: {where}"
            text = f"Movement is {effect} there until then; without another order it is not any more."
            target = ("order", record.id)
        return Overdue(
            check=dated.check, about=f"{dated.check} {record.id}", title=title, text=text, due_at=dated.due_at,
            target=target, access=access, fact_ids=(record.id,),
        )  # fmt: skip

    # registers

    @cached_property
    def _inspected(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {kind: latest_inspections(self._session, kind) for kind in (*INSPECTED, "asset")}

    @cached_property
    def _next_of_air_heads(self) -> dict[str, int | None]:
        """Return until when the last inspection of each air head holds, None where there was none.

        Source: doctrine, section 8 (air head: inspected within 14 days, in the wet season within 3).
        """
        rows = self._session.execute(select(AirHead.id, AirHead.lon, AirHead.lat, AirHead.inspected_at)).all()
        wet = wet_places(self._session, {row.id: (row.lon, row.lat) for row in rows}, at=self._now)
        lives = {row.id: FRESH_WET_US if row.id in wet else FRESH_DRY_US for row in rows}
        return {row.id: None if row.inspected_at is None else row.inspected_at + lives[row.id] for row in rows}

    def _due_of(self, kind: str, row_id: str) -> tuple[bool, int | None]:
        """Return whether an inspection is overdue, and since when: None = there was none."""
        form = self._inspected[kind].get(row_id)
        stated = None if form is None or form["next_review"] is None else parse_instant(form["next_review"])
        dues = [] if stated is None else [stated]
        if kind == "crossing" and form is not None:
            dues.append(review_at(parse_instant(form["inspected_at"]), stated))
        if kind == "air_head":
            by_rule = self._next_of_air_heads.get(row_id)
            if by_rule is None:
                return True, None
            dues.append(by_rule)
        due_at = min(dues, default=None)
        return due_at is not None and due_at < self._now, due_at

    def _inspections_of(self, watch: Watch) -> Iterator[Overdue]:
        for kind, word in INSPECTED.items():
            for row in self.rows(kind, watch.actor):
                is_late, due_at = self._due_of(kind, row["id"])
                if is_late and self._is_watched(watch, float(row["lon"]), float(row["lat"])):
                    name = f"{row['code']} {row['name']}" if row.get("code") else row["name"]
                    yield _inspection(kind, row["id"], f"{word} {name}", due_at, access_of(row))
        for asset_id, form in self._inspected["asset"].items():
            due_at = None if form["next_review"] is None else parse_instant(form["next_review"])
            number = self._host.network.find_asset(asset_id)
            if due_at is None or due_at >= self._now or number is None:
                continue
            numbers = self._segments_of_asset(number)
            if watch.meets(numbers, None):
                network = self._host.network
                name = network.word(int(network.asset_name[number])) or ASSET_TYPES[network.asset_type[number]]
                name = f"{name[:1].upper()}{name[1:]}, {watch.where(numbers)}"
                yield _inspection("asset", asset_id, name, due_at, Access("unclassified"))

    def _segments_of_asset(self, number: int) -> Ints:
        network = self._host.network
        places = np.flatnonzero(np.asarray(network.asset_of) == number)
        return np.searchsorted(np.asarray(network.asset_start), places, side="right").astype(np.int64) - 1

    def _is_watched(self, watch: Watch, lon: float, lat: float) -> bool:
        """Return whether a place is watched: everywhere, within the area, or joined to a road that is."""
        if watch.row.is_everywhere:
            return True
        snap = join_road(self._host.network, lon, lat)
        numbers = np.array([] if snap is None else [snap.segment], np.int64)
        return watch.meets(numbers, shapely.Point(lon, lat))

    # studies and cases

    @cached_property
    def _late_studies(self) -> dict[str, RouteStudy]:
        """Return route id -> its newest study, where the review of that is overdue."""
        newest: dict[str, RouteStudy] = {}
        for study in self._session.scalars(select(RouteStudy).order_by(RouteStudy.studied_at, RouteStudy.id)):
            newest[study.route_id] = study
        return {route_id: study for route_id, study in newest.items() if study.review_by < self._now}

    def _studies_of(self, watch: Watch) -> Iterator[Overdue]:
        for route in watch.routes:
            study = self._late_studies.get(route.id)
            if study is not None and visible(watch.actor, study):
                text = (
                    f"The study of {route.code} of {date_time_group(study.studied_at)} was to be reviewed by "
                    f"{date_time_group(study.review_by)}."
                )
                yield Overdue(
                    check="review", about=f"study {study.id}", title=f"{route.code}: study overdue for review",
                    text=text, due_at=study.review_by, target=("study", route.id), access=study,
                )  # fmt: skip

    def _cases_of(self, watch: Watch) -> Iterator[Overdue]:
        if not may(watch.actor, "read_restriction_cases"):
            return
        key = watch.actor.user_id
        if key not in self._case_rows:
            views = case_views(self._session, actor=watch.actor, at=self._now)
            self._case_rows[key] = [view for view in views if view["is_overdue"]]
        for case in self._case_rows[key]:
            if not self._is_case_watched(watch, case):
                continue
            for due in case["progress"].dues:
                if due.is_overdue:
                    yield _follow_up(case, due.what, due.step, due.at)

    def _is_case_watched(self, watch: Watch, case: Row) -> bool:
        if watch.row.is_everywhere or case["route"] in {route.id for route in watch.routes}:
            return True
        return any(watch.meets(*self.place_of(case[name])) for name in ("record_id", "order_id") if case[name])

    def place_of(self, thing_id: str) -> tuple[Ints, shapely.Geometry | None]:
        """Return the segments and the shape of a record, or a segment itself; of anything else neither."""
        number = self._host.network.find_segment(thing_id)
        if number is not None:
            return np.array([number], np.int64), None
        with self._host.reading() as picture:
            record = picture.find_record(thing_id)
            if record is None:
                return np.empty(0, np.int64), None
            return picture.influence.segments_of([record]), record.geometry

    def on_map(self, numbers: Ints) -> tuple[str, str]:
        """Return the first of some segments as what a reader goes on to."""
        return "segment", self._host.network.segment_id(int(numbers[0])) if len(numbers) else ""


def _end_of(fact: Record) -> int | None:
    """Return when a state set by hand or an order ends by itself."""
    if isinstance(fact, Manual):
        return fact.expires
    return fact.end if isinstance(fact, Control) and fact.control == "order" else None


def _inspection(kind: str, row_id: str, name: str, due_at: int | None, access: Guarded) -> Overdue:
    text = "It was never inspected." if due_at is None else f"Its inspection was due {date_time_group(due_at)}."
    return Overdue(
        check="inspection", about=f"inspection {row_id}", title=f"{name}: inspection overdue", text=text,
        due_at=due_at, target=(kind, row_id), access=access,
    )  # fmt: skip


def _follow_up(case: Row, what: str, step: str, due_at: int) -> Overdue:
    number = f" ({case['protest_no']})" if case.get("protest_no") else ""
    title = f"Restriction case: {DUE_WORDS[what]} overdue"
    text = f"The {DUE_WORDS[what]}{number} was due {date_time_group(due_at)}; the case began {case['began_at'][:10]}."
    return Overdue(
        check="follow_up", about=f"case {case['id']} {step}", title=title, text=text, due_at=due_at,
        target=("case", case["id"]), access=access_of(case),
    )  # fmt: skip


def access_of(row: Row) -> Access:
    """Return on what it depends who may see a register row."""
    return Access(row["classification"], row["area_id"], row["by"])
