"""What if: a hypothesis asked, kept under a title, opened by link and compared; the record is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fom.domain.access import Actor, may, require, visible
from fom.domain.instants import format_instant
from fom.errors import Conflict, InvalidInput, NotFound, NotPermitted
from fom.picture.picture import Picture
from fom.picture.question import Question
from fom.routing.answer import plan_answer
from fom.routing.request import make_request
from fom.services.differences import Side, Viewing, find_difference
from fom.services.disclosure import disclose_plan, disclose_reason
from fom.services.hypotheses import Hypothesis, assume
from fom.services.judging import get_visible_record
from fom.services.pending import common_area, highest
from fom.services.picture_host import PictureHost
from fom.services.planning_desk import plan_then
from fom.services.writing import step
from fom.store.audit import append_audit
from fom.store.tables import WhatIfRow

TITLE_MAX = 200
KEPT_MAX = 500
"""Saved what-ifs of one author; the next is refused until one is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfDraft:
    """A hypothesis to keep. `at`, `known_at` microseconds, None = the moment at which it is opened."""

    id: str
    title: str
    hypothesis: Hypothesis
    at: int | None = None
    known_at: int | None = None
    profile: str = "P3"
    user_class: str = "mission_military"
    classification: str = "confidential"
    based_on: str | None = None


def suppose(
    session: Session, host: PictureHost, hypothesis: Hypothesis | None, question: Question, *, actor: Actor
) -> Side:
    """Return the side of a difference on which a hypothesis holds; None = the record as it is."""
    require(actor, "read_picture")
    if hypothesis is None:
        return Side(host, question)
    assumed = assume(session, host, host.picture_for(question), hypothesis, question, actor=actor)
    return Side(host, assumed.question, assumed.picture, assumed.own)


def what_if(
    session: Session,
    host: PictureHost,
    hypothesis: Hypothesis,
    question: Question,
    *,
    way: Mapping[str, Any] | None = None,
    actor: Actor,
) -> dict[str, Any]:
    """Return what would differ from the record (`find_difference`), and with a `way` a `plan` before and after.

    Parameters
    ----------
    way
        `origin, destination, via, posture, alternates` of a plan to compare, as `plan_way` takes them.

    Raises
    ------
    InvalidInput, NotFound
        As `assume`.
    """
    before, after = Side(host, question), suppose(session, host, hypothesis, question, actor=actor)
    answer = {**question.members(), "hypothetical": True}
    answer |= find_difference(session, host, before, after, actor=actor)
    answer["plan"] = None
    if way is not None:
        pictures = {"before": (host.picture_for(question), before), "after": (after.picture, after)}
        answer["plan"] = {
            name: _plan(host, picture or host.picture_for(question), side, way, actor)
            for name, (picture, side) in pictures.items()
        }
    return answer


def _plan(host: PictureHost, picture: Picture, side: Side, way: Mapping[str, Any], actor: Actor) -> dict[str, Any]:
    question = side.question
    request = make_request(
        **way, profile=question.profile.name, profiles=picture.profiles, user_class=question.user_class,
        at=question.at, known_at=question.known_at,
    )  # fmt: skip
    viewing = Viewing(host, side.own, actor)
    show = partial(disclose_reason, actor=actor, host=viewing)
    answer = plan_answer(plan_then(host.router, picture, request), show=show)
    return disclose_plan(answer, actor=actor, host=viewing)


def save_what_if(session: Session, draft: WhatIfDraft, *, actor: Actor, now: int) -> dict[str, Any]:
    """Keep a hypothesis; the same again gives the first result. It is as secret as the most secret record it names.

    Raises
    ------
    InvalidInput
        No title, nothing supposed, or too many kept.
    NotFound
        It names a record that is not there, or the actor may not see.
    Conflict
        Another what-if has this id.
    """
    require(actor, "keep_what_ifs")
    title = draft.title.strip()
    if not 0 < len(title) <= TITLE_MAX:
        raise InvalidInput.single("title", f"{len(title)} characters", f"1 to {TITLE_MAX} characters")
    if draft.hypothesis.is_empty:
        raise InvalidInput.single("hypothesis", "nothing", "at least one change")
    named = [get_visible_record(session, i, actor) for i in (*draft.hypothesis.remove, *draft.hypothesis.clear)]
    at = step(session, now)
    body = {
        "title": title, "hypothesis": format_hypothesis(draft.hypothesis), "at": draft.at, "known_at": draft.known_at,
        "profile": draft.profile, "user_class": draft.user_class, "based_on": draft.based_on,
        "classification": highest([draft.classification, *(row.classification for row in named)]),
        "area": common_area(named) if named else None,
    }  # fmt: skip
    row = session.get(WhatIfRow, draft.id)
    if row is not None:
        if row.by != actor.person or any(getattr(row, name) != value for name, value in body.items()):
            raise Conflict(f"what-if {draft.id} exists with another body; save a copy under an id of its own")
        return row_members(row)
    own = select(WhatIfRow.id).where(WhatIfRow.by == actor.person)
    if len(session.scalars(own).all()) >= KEPT_MAX:
        raise InvalidInput.single("id", f"{KEPT_MAX} are kept", "that you delete one of your what-ifs first")
    row = WhatIfRow(id=draft.id, by=actor.person, created_at=at, **body)
    session.add(row)
    session.flush()
    append_audit(session, "save_what_if", ("what_if", row.id), actor=actor.person, at=at, details={"title": title})
    return row_members(row)


def list_what_ifs(session: Session, *, actor: Actor) -> list[dict[str, Any]]:
    """Return what the actor may see, newest first."""
    require(actor, "read_picture")
    rows = session.scalars(select(WhatIfRow).order_by(WhatIfRow.created_at.desc(), WhatIfRow.id))
    return [row_members(row) for row in rows if visible(actor, row)]


def get_what_if(session: Session, what_if_id: str, *, actor: Actor) -> dict[str, Any]:
    """Return a kept what-if; NotFound also when the actor may not see it."""
    return row_members(_get(session, what_if_id, actor))


def delete_what_if(session: Session, what_if_id: str, *, actor: Actor, now: int) -> None:
    """Delete a what-if as its author, or as the chief; what it was stays in the audit chain.

    Raises
    ------
    NotFound
        Not here, or not for this actor.
    NotPermitted
        Somebody else's.
    """
    row = _get(session, what_if_id, actor)
    if row.by != actor.person and not may(actor, "delete_what_ifs"):
        raise NotPermitted("a what-if is deleted by its author or by the chief JOC")
    at = step(session, now)
    details = {"title": row.title, "by": row.by, "hypothesis": row.hypothesis}
    append_audit(session, "delete_what_if", ("what_if", row.id), actor=actor.person, at=at, details=details)
    session.delete(row)


def question_of(host: PictureHost, kept: Mapping[str, Any]) -> Question:
    """Return the question that a kept what-if was built on."""
    return host.question(kept["at_us"], kept["known_at_us"], kept["profile"], kept["user_class"])


def parse_hypothesis(members: Mapping[str, Any]) -> Hypothesis:
    """Return the hypothesis of plain values, as `format_hypothesis` gives them."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list | tuple) else value for name, value in members.items()
    }
    return Hypothesis(**values)


def format_hypothesis(hypothesis: Hypothesis) -> dict[str, Any]:
    """Return the members of a hypothesis that say something, as plain values."""
    values = {member.name: asdict(hypothesis)[member.name] for member in fields(hypothesis)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}


def row_members(row: WhatIfRow) -> dict[str, Any]:
    """Return the plain values of a kept what-if; `at`, `known_at` null = the moment at which it is opened."""
    return {
        "id": row.id, "title": row.title, "by": row.by, "created_at": format_instant(row.created_at),
        "at": None if row.at is None else format_instant(row.at),
        "known_at": None if row.known_at is None else format_instant(row.known_at),
        "at_us": row.at, "known_at_us": row.known_at,
        "profile": row.profile, "user_class": row.user_class, "hypothesis": row.hypothesis,
        "classification": row.classification, "area": row.area, "based_on": row.based_on,
    }  # fmt: skip


def _get(session: Session, what_if_id: str, actor: Actor) -> WhatIfRow:
    require(actor, "read_picture")
    row = session.get(WhatIfRow, what_if_id)
    if row is None or not visible(actor, row):
        raise NotFound("what-if", what_if_id)
    return row
