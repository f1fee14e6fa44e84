"""What is overdue on the roads that somebody watches: verifications, reviews, tasks, and replies to protests.

Told once for each moment at which something became due; a new passage or review begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from fom.domain.access import may
from fom.domain.instants import DAY_US, HOUR_US, format_instant, parse_instant
from fom.domain.positions import date_time_group
from fom.picture.assessment import Assessment
from fom.services.alerts.raising import NewAlert
from fom.services.alerts.telling import Told
from fom.services.alerts.watching import Watch
from fom.services.cases import list_due
from fom.services.map_layers import verification_lives
from fom.services.picture_host import PictureHost
from fom.services.registers import list_register

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


@dataclass(frozen=True, slots=True)
class Overdue:
    """One thing that should have been done by a moment, microseconds; None = it never was."""

    about: str
    title: str
    text: str
    due_at: int | None
    fact_ids: tuple[str, ...] = ()


def find_overdue(session: Session, host: PictureHost, watches: Iterable[Watch], *, now: int) -> list[NewAlert]:
    """Return the alerts of everything that is overdue at a moment, for the watches that ask for them."""
    found = []
    for watch in watches:
        if not watch.row.is_overdue:
            continue
        for thing in (
            *_routes(session, host, watch, now),
            *_areas(session, watch, now),
            *_tasks(session, host, watch, now),
            *_cases(session, watch, now),
        ):
            told = Told(
                title=thing.title, text=thing.text, outside_text=thing.text, fact_ids=thing.fact_ids,
                details={"due_at": None if thing.due_at is None else format_instant(thing.due_at)}, is_explosive=False,
            )  # fmt: skip
            about = f"{thing.about} {thing.due_at}"
            at = now if thing.due_at is None else thing.due_at
            found.append(
                NewAlert(kind="overdue", about=about, actor=watch.actor, at=at, told=told, subscription=watch.row)
            )
    return found


def _routes(session: Session, host: PictureHost, watch: Watch, now: int) -> Iterator[Overdue]:
    rows = {row["id"]: row for row in list_register(session, "key_route", actor=watch.actor)}
    if not watch.routes:
        return
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
            yield Overdue(f"review {route.id}", f"{row['code']}: review overdue", text, due_at)


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
        yield Overdue(f"verify {row['id']}", f"{row['code']}: verification overdue", text, min(late))
    elif never:
        text = f"{never} of {len(arcs)} stretches of {row['code']} were never verified by a passage that counts."
        yield Overdue(f"verify {row['id']}", f"{row['code']}: never verified along its whole length", text, None)


def _areas(session: Session, watch: Watch, now: int) -> Iterator[Overdue]:
    if watch.row.area_id is None:
        return
    for row in list_register(session, "area", actor=watch.actor, id=watch.row.area_id):
        reviewed = None if row["reviewed_at"] is None else parse_instant(row["reviewed_at"])
        if reviewed is not None and reviewed + AREA_REVIEW_US < now:
            due_at = reviewed + AREA_REVIEW_US
            text = f"{row['name']} was reviewed last on {date_time_group(reviewed)}; a review holds 90 days."
            yield Overdue(f"review {row['id']}", f"{row['name']}: review overdue", text, due_at)


def _tasks(session: Session, host: PictureHost, watch: Watch, now: int) -> Iterator[Overdue]:
    """Yield open tasks past their date: given to the reader or his unit, or about a route or segment watched."""
    mine = {watch.actor.email, watch.actor.name, watch.actor.unit} - {None, ""}
    watched = {route.id for route in watch.routes} | {watch.row.area_id}
    for row in list_register(session, "task", actor=watch.actor, done_at=None):
        due_at = None if row["due_at"] is None else parse_instant(row["due_at"])
        if due_at is None or due_at >= now or not (row["assigned_to"] in mine or row["target_id"] in watched):
            continue
        with host.reading() as picture:
            kind = picture.kind_of(row["target_id"])
        named = {route.id: route.code for route in watch.routes}.get(row["target_id"])
        target = named or f"{TASK_TARGETS.get(kind or '', 'a road')}, {row['target_id'][:8]}"
        what = f"{TASK_WORDS[row['kind']]} {target}"
        text = f"The task ({what}) was due {date_time_group(due_at)} and is not done."
        yield Overdue(f"task {row['id']}", f"Task overdue: {what}", text, due_at)


def _cases(session: Session, watch: Watch, now: int) -> Iterator[Overdue]:
    """Yield overdue replies and follow-ups of restriction cases on a route watched, to those who may read cases."""
    watched = {route.id: route.code for route in watch.routes}
    if not watched or not may(watch.actor, "read_restriction_cases"):
        return
    for due in list_due(session, actor=watch.actor, at=now):
        if due["is_overdue"] and due["route"] in watched:
            code = watched[due["route"]]
            what = f"reply to {due['reference'] or 'a protest'}" if due["what"] == "reply" else "follow-up"
            text = f"The {what} about a restriction on {code} was due {date_time_group(due['at'])} and is not in."
            yield Overdue(f"case {due['case_id']} {due['id']}", f"{code}: {what} overdue", text, due["at"])
