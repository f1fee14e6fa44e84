"""Many grades at once, each counted as if given alone; what improves too much together waits for a second person.

Source: doctrine, section 10 (bulk improvements).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from fom.domain.access import Actor, require
from fom.domain.grades import is_grade
from fom.errors import FieldError, InvalidInput
from fom.services.effects import Bench
from fom.services.judging import get_visible_record, grade_record
from fom.services.pending import Outcome
from fom.services.picture_host import PictureHost

ITEMS_MAX = 100


def grade_many(
    session: Session,
    grades: Mapping[str, str],
    *,
    seen: Mapping[str, int] | None = None,
    actor: Actor,
    now: int,
    host: PictureHost,
) -> dict[str, Outcome]:
    """Grade records, all or none; return what came of each.

    When all together would improve more than 50 segments, each that improves waits for a second person.

    Raises
    ------
    InvalidInput
        Nothing or too much at once, or something that is no grade.
    NotFound
        A record that the actor does not see.
    Conflict
        Somebody else judged one of them since `seen` (record id -> mark).
    """
    require(actor, "grade")
    if not 0 < len(grades) <= ITEMS_MAX:
        raise InvalidInput.single("grades", f"{len(grades)} records", f"1 to {ITEMS_MAX} records")
    errors = [FieldError(f"grades.{name}", repr(g)[:40], "A1 to F6") for name, g in grades.items() if not is_grade(g)]
    if errors:
        raise InvalidInput(errors)
    for record_id in grades:
        get_visible_record(session, record_id, actor)
    improves = Bench(session, host, by=actor.person).improved_by(grades)
    marks = seen or {}
    return {
        record_id: grade_record(
            session, record_id, grade, seen=marks.get(record_id), improves_segments=improves, actor=actor, now=now
        )
        for record_id, grade in sorted(grades.items())
    }
