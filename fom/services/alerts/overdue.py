"""What is overdue on the roads that somebody watches: verifications, reviews and tasks; the rest is `falling_due`.

Told once for each moment at which something became due; a new passage or review begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.access import visible
from fom.domain.instants import DAY_US, HOUR_US, format_instant, parse_instant
from fom.domain.positions import date_time_group
from fom.picture.assessment import Assessment
from fom.services.alerts.falling_due import FallingDue, Overdue, access_of
from fom.services.alerts.late_movements import LateMovements
from fom.services.alerts.raising import NewAlert
from fom.services.alerts.telling import Told, outside_reader
from fom.services.alerts.watching import Watch
from fom.services.disclosure import RESTRICTED_TEXT
from fom.services.map_layers import verification_lives
from fom.services.picture_host import PictureHost

ROUTE_REVIEW_US = 30 * DAY_US
"""How long the review of a key route holds. Source: doctrine, section 5 (established alternate)."""
AREA_REVIEW_US = 90 * DAY_US
"""How long the review of an area holds. Source: doctrine, section 6, S3."""
EVERY_US = 5 * 60 * 1_000_000
"""How often it is looked for what is overdue. Source: project judgement; nothing of it is urgent to the minute."""

TASK_WORDS = {"eod": "EOD at", "engineer": "engineers at", "verify": "verify"}
TASK_TARGETS = {
    "explosive": "an explosive hazard", "physical": "damage", "control": "a restriction", "incident": "an incident",
    "verification": "a passage",
}  # fmt: skip


def find_overdue(session: Session, host: PictureHost, watches: Iterable[Watch], *, now: int) -> list[NewAlert]:
    """Return the alerts of everything that is overdue at a moment, or ends soon, for the watches that ask for them."""
    falling, late = FallingDue(session, host, now), LateMovements(session, host, now)
    asking = [watch for watch in watches if watch.row.checks]
    return [
        _alert(watch, thing, now)
        for watch in asking
        for thing in (*_roads(host, falling, watch, now), *falling.of(watch), *late.of(watch))
    ]


def _roads(host: PictureHost, falling: FallingDue, watch: Watch, now: int) -> Iterator[Overdue]:
    things = (*_routes(host, falling, watch, now), *_areas(falling, watch, now), *_tasks(host, falling, watch, now))
    return (thing for thing in things if thing.check in watch.row.checks)


def _alert(watch: Watch, thing: Overdue, now: int) -> NewAlert:
    may_leave = visible(outside_reader(watch.actor), thing.access)
    kind, target_id = thing.target
    told = Told(
        title=thing.title, text=thing.text, outside_text=thing.text if may_leave else RESTRICTED_TEXT,
        fact_ids=thing.fact_ids, is_explosive=False,
        details={
            "check": thing.check, "target": {"kind": kind, "id": target_id},
            "due_at": None if thing.due_at is None else format_instant(thing.due_at),
        },
        outside_title=None if may_leave else f"Restricted: something is due on {watch.row.title}",
    )  # fmt: skip
    return NewAlert(
        kind="overdue", about=f"{thing.about} {thing.due_at}", actor=watch.actor, told=told, subscription=watch.row,
        at=now if thing.due_at is None else min(now, thing.due_at),
    )  # fmt: skip


def _routes(host: PictureHost, falling: FallingDue, watch: Watch, now: int) -> Iterator[Overdue]:
    if not watch.routes or not {"verification", "review"} & set(watch.row.checks):
        return
    rows = {row["id"]: row for row in falling.rows("key_route", watch.actor)}
    numbers = np.unique(np.concatenate([route.arcs >> 1 for route in watch.routes]))
    question = host.then(host.question(profile=watch.row.profile, user_class=watch.row.user_class), now, now)
    assessment = host.assess(question, numbers.tolist())
    for route in watch.routes:
        row = rows.get(route.id)
        if row is None or not len(route.arcs):
            continue
        yield from _verification(assessment, route.arcs.tolist(), row, now)
        reviewed = None if row["reviewed_at"] is None else parse_instant(row["reviewed_at"])
        if reviewed is not None and reviewed + ROUTE_REVIEW_US < now:
            due_at = reviewed + ROUTE_REVIEW_US
            text = f"{row['code']} was reviewed last on {date_time_group(reviewed)}; a review holds 30 days."
            yield _review("key_route", row, row["code"], text, due_at)


def _verification(assessment: Assessment, arcs: Sequence[int], row: Mapping[str, Any], now: int) -> Iterator[Overdue]:
    """Yield that some stretch was not passed within the route's own interval, else within the life of a passage."""
    lives, own = verification_lives(assessment), row["verify_interval_h"]
    ends: list[int] = []
    never = 0
    for arc in arcs:
        life = lives.get((arc >> 1, arc & 1))
        if life is None or life[0] is None or life[1] is None:
            never += 1
        else:
            ends.append(life[1] if own is None else min(life[1], life[0] + int(own * HOUR_US)))
    late = [end for end in ends if end < now]
    rule = "the life of a passage" if own is None else f"its interval of {own:g} h"
    if late:
        text = (
            f"{len(late)} of {len(arcs)} stretches of {row['code']} were passed longer ago than {rule} allows; "
            f"the first became due {date_time_group(min(late))}."
        )
        yield _unverified(row, "verification overdue", text, min(late))
    elif never:
        text = f"{never} of {len(arcs)} stretches of {row['code']} were never verified by a passage that counts."
        yield _unverified(row, "never verified along its whole length", text, None)


def _unverified(row: Mapping[str, Any], words: str, text: str, due_at: int | None) -> Overdue:
    return Overdue(
        check="verification", about=f"verify {row['id']}", title=f"{row['code']}: {words}", text=text, due_at=due_at,
        target=("key_route", row["id"]), access=access_of(row),
    )  # fmt: skip


def _review(register: str, row: Mapping[str, Any], name: str, text: str, due_at: int) -> Overdue:
    return Overdue(
        check="review", about=f"review {row['id']}", title=f"{name}: review overdue", text=text, due_at=due_at,
        target=(register, row["id"]), access=access_of(row),
    )  # fmt: skip


def _areas(falling: FallingDue, watch: Watch, now: int) -> Iterator[Overdue]:
    if watch.row.area_id is None:
        return
    for row in falling.rows("area", watch.actor):
        if row["id"] != watch.row.area_id:
            continue
        reviewed = None if row["reviewed_at"] is None else parse_instant(row["reviewed_at"])
        if reviewed is not None and reviewed + AREA_REVIEW_US < now:
            due_at = reviewed + AREA_REVIEW_US
            text = f"{row['name']} was reviewed last on {date_time_group(reviewed)}; a review holds 90 days."
            yield _review("area", row, row["name"], text, due_at)


def _tasks(host: PictureHost, falling: FallingDue, watch: Watch, now: int) -> Iterator[Overdue]:
    """Yield open tasks past their date: given to the reader or his unit, or about what is watched."""
    mine = {watch.actor.email, watch.actor.name, watch.actor.unit} - {None, ""}
    routes = {route.id: route.code for route in watch.routes}
    for row in falling.rows("task", watch.actor):
        due_at = None if row["due_at"] is None else parse_instant(row["due_at"])
        if row["done_at"] is not None or due_at is None or due_at >= now:
            continue
        target_id = row["target_id"]
        numbers, geometry = falling.place_of(target_id)
        is_watched = target_id in routes or target_id == watch.row.area_id or watch.meets(numbers, geometry)
        if not (row["assigned_to"] in mine or is_watched):
            continue
        with host.reading() as picture:
            kind = picture.kind_of(target_id)
        named = routes.get(target_id) or f"{TASK_TARGETS.get(kind or '', 'a road')}, {target_id[:8]}"
        what = f"{TASK_WORDS[row['kind']]} {named}"
        text = f"The task ({what}) was due {date_time_group(due_at)} and is not done."
        target = ("key_route", target_id) if target_id in routes else falling.on_map(numbers)
        yield Overdue(
            check="task", about=f"task {row['id']}", title=f"Task overdue: {what}", text=text, due_at=due_at,
            target=target, access=access_of(row),
        )  # fmt: skip
