"""Acts without effect and records without a place, as the answer lists them.

Source: facts format, sections 1.3, 4 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fom.domain.closing import WHY_ORDER, act_fault, improvement_fault, is_too_early
from fom.domain.knowledge import Knowledge, is_valid
from fom.domain.ledger import LIMITING_KINDS
from fom.domain.places import shape_of
from fom.domain.records import ClosingAct, Manual, Physical, Record, Retraction
from fom.domain.references import stretches_of
from fom.domain.states import Component, State
from fom.picture.case import Case

if TYPE_CHECKING:
    from fom.picture.assessment import Assessment


class Refused(NamedTuple):
    """A known record that has no effect, and why."""

    id: str
    why: str


def refusals(assessment: Assessment) -> tuple[Refused, ...]:
    """Return the known acts without effect, by id; of several reasons the first in the order of WHY_ORDER."""
    found: dict[str, str] = {}
    case = assessment.contributions.case
    for record_id, why in (*_standing_faults(case.knowledge), *_barred_improvements(assessment)):
        before = found.get(record_id)
        if before is None or WHY_ORDER.index(why) < WHY_ORDER.index(before):
            found[record_id] = why
    return tuple(Refused(record_id, found[record_id]) for record_id in sorted(found))


def _standing_faults(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Yield (id, why) of acts that can never work, known at k."""
    ledger = knowledge.ledger
    for record in _known(knowledge, "closing_act", "retraction", "manual"):
        if isinstance(record, Retraction):
            target = ledger.records.get(record.target)
            if target is not None and not is_valid(record, target):
                yield record.id, "two_persons"
        elif isinstance(record, ClosingAct):
            for fact_id in record.closes:
                fact = ledger.records.get(fact_id)
                why = None if fact is None else act_fault(record, fact)
                if why is not None:
                    yield record.id, why
        elif isinstance(record, Manual) and record.mode == "improve":
            why = improvement_fault(record, knowledge.policy)
            if why is not None:
                yield record.id, why


def _barred_improvements(assessment: Assessment) -> Iterator[tuple[str, str]]:
    """Yield (id, why) of improvements in force that would have helped a row that no improvement may lift."""
    whole = assessment.contributions
    case = whole.case
    table = case.improvements
    bindings = case.basis.bindings.improvements
    placements = np.flatnonzero(table.count)
    if not len(placements):
        return
    segments = np.unique(np.concatenate([bindings.segments_of[p] for p in placements.tolist()])).astype(np.int64)
    on = type(whole)(case, whole.recorded_limits, whole.all_known, segments, only_at=assessment.tick)
    for direction in (0, 1):
        verdict = on.judge(direction, assessment.tick)
        helps = on.helping(assessment.tick, verdict.computed) & on.is_barred(verdict.components)[on.improvements.row]
        if direction == 1:
            helps &= ~assessment.network.is_oneway[on.numbers(on.improvements.row)]
        for at in np.flatnonzero(helps).tolist():
            is_explosive = verdict.components[on.improvements.row[at], Component.EXPLOSIVE] >= State.RED
            yield table.phases[on.improvements.phase[at]].record.id, "explosive" if is_explosive else "physical"


def _known(knowledge: Knowledge, *kinds: str) -> Iterable[Record]:
    return (r for kind in kinds for r in knowledge.ledger.loose(kind) if knowledge.is_known(r))


def has_no_place(record: Record) -> bool:
    """Return whether a record names no place of any kind."""
    has_asset = isinstance(record, Physical) and record.asset is not None
    return not has_asset and not stretches_of(record) and shape_of(record) is None


def unplaced(case: Case) -> tuple[str, ...]:
    """Return the ids of known facts and verifications that touch no segment for want of a place, sorted.

    What stands on the ledger's shelf has a place.
    """
    records = _known(case.knowledge, *LIMITING_KINDS, "verification")
    return tuple(sorted(record.id for record in records if has_no_place(record)))


def warnings(case: Case) -> tuple[str, ...]:
    """Return plain sentences about known records without effect that no list names."""
    sentences = []
    for record in sorted(_known(case.knowledge, "manual", "closing_act"), key=lambda record: record.id):
        if isinstance(record, Manual) and has_no_place(record):
            sentences.append(f"{record.id}: a state set by hand without a place touches no segment")
        if isinstance(record, ClosingAct):
            facts = (case.knowledge.ledger.records.get(fact_id) for fact_id in record.closes)
            early = [fact.id for fact in facts if fact is not None and is_too_early(record, fact)]
            sentences += [f"{record.id}: older than {fact_id}, which it does not close" for fact_id in early]
    return tuple(sentences)
